/**
 * What a booking's buyer sees of it, decided without a page.
 *
 * @typedef {import("../../client/api.js").Booking} Booking
 * @typedef {"none" | "waiting" | "held" | "paying" | "declined" | "confirming" | "ticket" | "expired"
 *     | "failed" | "cancelling" | "cancelled"} Stage
 */

/** @param {Booking | null} booking @returns {Stage} */
export function stageOf(booking) {
    if (!booking) return "none";
    if (booking.status === "CANCELLED") return "cancelled";
    if (booking.wants === "cancel") return "cancelling";
    // A late payment may still win the seats back.
    if (booking.wants === "confirm") return "confirming";
    if (booking.status === "CONFIRMED") return "ticket";
    if (booking.status === "FAILED") return booking.failure?.code === "hold_expired" ? "expired" : "failed";
    if (!booking.held) return "waiting";
    if (booking.payment?.status === "failed") return "declined";
    return booking.payment ? "paying" : "held";
}

/**
 * Whether something may come of a booking without its buyer's doing: a worker's work, a payment, the end of
 * its hold.
 *
 * @param {Booking} booking
 * @returns {boolean}
 */
export function isAwaited(booking) {
    const payment = booking.payment?.status;
    if (booking.wants || booking.status === "PENDING" || payment === "refund_pending") return true;
    return booking.status === "FAILED" && payment === "pending";
}

/**
 * What became of the money, where there is something to say.
 *
 * @param {Booking} booking
 * @param {import("../texts.js").Texts} texts
 * @returns {string} "" where nothing was paid back or is to be
 */
export function moneyNote(booking, texts) {
    const { payment, currency } = booking;
    if (!payment) return "";
    const amount = texts.money(payment.amount, currency);
    if (payment.status === "refund_pending") return texts.t("money-refund-pending", { amount });
    if (payment.status === "refunded") return texts.t("money-refunded", { amount });
    if (!payment.refunded_amount) return "";
    const refunded = texts.money(payment.refunded_amount, currency);
    return texts.t("money-part-refunded", { amount, refunded });
}
