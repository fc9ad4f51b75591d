/** A booking: `/b/{id}`. Its ticket, or what it waits for. */
import { createRef, html, nothing, ref } from "../vendor/lit.js";
import { Seatline } from "../client/index.js";
import "../elements/seatline-checkout.js";
import { stageOf } from "../elements/checkout/stage.js";
import { Page, readId, readMeta, renderMissing } from "./frame.js";
import { sayStart, sayWhen } from "./card.js";
import { allowStripe } from "./stripe-policy.js";

/** @typedef {import("../elements/texts.js").Texts} Texts */
/** @typedef {import("../client/api.js").Booking} Booking */

const STATUS = {
    none: "", waiting: "waiting", held: "held", paying: "held", declined: "held", confirming: "confirming",
    ticket: "confirmed", expired: "failed", failed: "failed",
    cancelling: "cancelling", cancelled: "cancelled",
};

const api = new Seatline(location.origin);
const page = new Page(view);
const id = readId();
const stripeKey = readMeta("seatline-stripe-key");
const dialog = /** @type {ReturnType<typeof createRef<HTMLDialogElement>>} */ (createRef());
/** @type {Booking | null} */
let booking = null;
/** @type {import("../client/api.js").Show | null} */
let show = null;
let isGone = false;

/** @param {Texts} texts */
function view(texts) {
    const { t } = texts;
    if (isGone) {
        const title = t("booking-gone");
        return { title, body: renderMissing({ title, note: t("booking-gone-note"), home: t("home") }) };
    }
    const title = show ? t("booking-title", { show: show.name }) : t("your-booking");
    const body = html`<div class="booking">
        <div class="head">
            <h1>${show?.name ?? t("your-booking")}</h1>
            <p class="muted">${show ? sayStart(show, texts) : nothing}</p>
        </div>
        <seatline-checkout booking=${id} locale=${texts.locale} return-url=${`${location.origin}/b/{booking}`}
            stripe-key=${stripeKey ?? nothing} @seatline-booking=${onBooking} @seatline-error=${onError}>
        </seatline-checkout>
        ${booking ? renderDetails(booking, texts) : nothing}
    </div>`;
    return { title, body };
}

/** @param {Booking} booking @param {Texts} texts */
function renderDetails(booking, texts) {
    const { t } = texts;
    const zone = show?.time_zone ?? "UTC";
    const amount = booking.amount === null ? "–"
        : booking.amount ? texts.money(booking.amount, booking.currency) : t("price-free");
    return html`<section class="details" aria-labelledby="details">
        <h2 id="details">${t("details")}</h2>
        <dl>
            <div><dt>${t("status")}</dt><dd>${t(`status-${STATUS[stageOf(booking)]}`)}</dd></div>
            <div><dt>${t("amount")}</dt><dd>${amount}</dd></div>
            <div><dt>${t("payment")}</dt><dd>${sayPayment(booking, texts)}</dd></div>
            <div><dt>${t("booked-at")}</dt><dd>${sayWhen(booking.created_at, zone, texts)}</dd></div>
        </dl>
        ${renderCancel(booking, texts)}
    </section>`;
}

/** @param {Booking} booking @param {Texts} texts */
function sayPayment({ payment, amount, currency, status }, texts) {
    const { t } = texts;
    const isOpen = amount && show?.payment_required && status === "PENDING";
    if (!payment) return t(isOpen ? "payment-open" : "payment-none");
    if (payment.status === "succeeded" && payment.refunded_amount) {
        return t("payment-part-refunded", { refunded: texts.money(payment.refunded_amount, currency) });
    }
    return t(`payment-${payment.status.replace("_", "-")}`);
}

/** @param {Booking} booking @param {Texts} texts */
function renderCancel(booking, texts) {
    if (!show || stageOf(booking) !== "ticket") return nothing;
    const { t } = texts;
    const end = show.cancel_until ?? show.start_time;
    const args = { day: texts.day(end, show.time_zone), time: texts.time(end, show.time_zone) };
    if (Date.parse(end) <= Date.now()) return html`<p class="muted">${t("cancel-over", args)}</p>`;
    return html`<p class="muted">${t("keep-link")}</p>
        <p class="muted">${t("cancel-until", args)}</p>
        <p><button type="button" class="danger" @click=${ask}>${t("cancel")}</button></p>
        ${renderDialog(booking, texts)}`;
}

/** @param {Booking} booking @param {Texts} texts */
function renderDialog({ payment, currency }, texts) {
    const { t } = texts;
    const paid = payment?.status === "succeeded" ? payment.amount - payment.refunded_amount : 0;
    const amount = texts.money(paid, currency);
    const note = paid ? t("cancel-question-paid", { amount }) : t("cancel-question-note");
    return html`<dialog ${ref(dialog)} aria-labelledby="question" aria-describedby="consequence">
        <h2 id="question">${t("cancel-question")}</h2>
        <p id="consequence">${note}</p>
        <form method="dialog" class="deeds">
            <button autofocus>${t("cancel-no")}</button>
            <button class="danger" @click=${cancel}>${t("cancel-yes")}</button>
        </form>
    </dialog>`;
}

function ask() {
    dialog.value?.showModal();
}

async function cancel() {
    const checkout = /** @type {any} */ (document.querySelector("seatline-checkout"));
    await checkout?.cancel();
    checkout?.focus();
}

/** @param {CustomEvent} event */
async function onBooking({ detail }) {
    booking = detail.booking;
    page.update();
    if (booking && show?.id !== booking.show_id) {
        show = await api.getShow(booking.show_id).catch(() => null);
        page.update();
    }
}

/** @param {CustomEvent} event */
function onError({ detail }) {
    if (detail.problem.code !== "booking_not_found") return;
    isGone = true;
    page.update();
}

if (stripeKey) allowStripe();
void page.open();
