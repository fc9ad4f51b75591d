/** What a checkout shows at each stage. */
import { html, nothing } from "../../vendor/lit.js";
import { explainProblem } from "./problems.js";
import { button, renderSeats } from "./parts.js";
import { moneyNote } from "./stage.js";
import { renderTicket } from "./ticket.js";

/**
 * @typedef {import("../texts.js").Texts} Texts
 * @typedef {import("./parts.js").View} View
 * @typedef {import("./parts.js").Act} Act
 */

/** @param {View} view @param {Act} act */
export function renderStage(view, act) {
    switch (view.stage) {
        case "waiting": return renderWork(view, "seats-waiting");
        case "held": return renderHold(view, act);
        case "paying": return renderPaying(view, act);
        case "declined": return renderDeclined(view, act);
        case "confirming": return renderWork(view, view.booking.payment ? "paid-confirming" : "confirming");
        case "cancelling": return renderWork(view, "cancelling");
        case "ticket": return renderTicket(view, act);
        case "expired": return renderEnd(view, act, "hold-expired", expiryNotes(view));
        case "cancelled": return renderEnd(view, act, "cancelled", [view.texts.t("cancelled-note")]);
        default: return renderEnd(view, act, "failed", [failureNote(view)]);
    }
}

/** @param {unknown} problem @param {Texts} texts */
export function renderProblem(problem, texts) {
    return problem
        ? html`<p class="notice bad" role="alert">${explainProblem(problem, texts)}</p>`
        : nothing;
}

/** @param {View} view @param {string} id */
function renderWork({ texts, seats }, id) {
    return html`<h2 tabindex="-1">${texts.t("your-seats")}</h2>
        ${renderSeats(seats)}
        <p class="work" role="status"><span class="spinner" aria-hidden="true"></span>${texts.t(id)}</p>`;
}

/** @param {View} view @param {Act} act */
function renderHold(view, act) {
    const { texts, booking, show } = view;
    const isFree = !booking.amount || show?.payment_required === false;
    const amount = texts.money(booking.amount ?? 0, booking.currency);
    return html`${renderSummary(view, act)}
        ${view.hasForm ? renderForm(view, act) : html`<div class="deeds">
            ${isFree
                ? button(view, act, "confirm", texts.t("confirm"), "primary")
                : button(view, act, "pay", texts.t("pay", { amount }), "primary")}
            ${button(view, act, "cancel", texts.t("give-back"), "quiet")}
        </div>`}`;
}

/** @param {View} view @param {Act} act */
function renderForm(view, act) {
    const { texts, booking } = view;
    const amount = texts.money(booking.amount ?? 0, booking.currency);
    return html`<slot name="payment"></slot>
        <div class="deeds">
            ${button(view, act, "submit", texts.t("pay", { amount }), "primary")}
            ${button(view, act, "cancel", texts.t("give-back"), "quiet")}
        </div>`;
}

/** @param {View} view @param {Act} act */
function renderPaying(view, act) {
    if (view.hasForm) return html`${renderSummary(view, act)}${renderForm(view, act)}`;
    const { texts, paymentUrl } = view;
    return html`${renderSummary(view, act)}
        <div class="notice" role="status">
            <p class="work"><span class="spinner" aria-hidden="true"></span>
                <strong>${texts.t("payment-waiting")}</strong></p>
            <p>${texts.t(paymentUrl ? "open-payment-page-note" : "payment-waiting-note")}</p>
        </div>
        <div class="deeds">
            ${paymentUrl
                ? html`<a class="button primary" href=${paymentUrl} target="_blank" rel="noopener">
                    ${texts.t("open-payment-page")}</a>`
                : button(view, act, "pay", texts.t("continue-payment"), "primary")}
            ${button(view, act, "cancel", texts.t("give-back"), "quiet")}
        </div>`;
}

/** @param {View} view @param {Act} act */
function renderDeclined(view, act) {
    const { texts, booking } = view;
    const amount = texts.money(booking.amount ?? 0, booking.currency);
    return html`${renderSummary(view, act)}
        <div class="notice bad" role="alert">
            <p><strong>${texts.t("payment-declined")}</strong></p>
            <p>${texts.t("payment-declined-note")}</p>
        </div>
        <div class="deeds">
            ${button(view, act, "pay", texts.t("pay-again", { amount }), "primary")}
            ${button(view, act, "cancel", texts.t("give-back"), "quiet")}
        </div>`;
}

/** @param {View} view @param {Act} act */
function renderSummary(view, act) {
    const { texts, booking, seats, note } = view;
    const price = booking.amount ? texts.money(booking.amount, booking.currency) : texts.t("free");
    return html`<h2 tabindex="-1">${texts.t("your-seats")}</h2>
        ${renderSeats(seats)}
        <p class="total"><span>${texts.t("total")}</span> <strong>${price}</strong></p>
        ${renderClock(view, act)}
        <p class="note" role="status">${note}</p>`;
}

/** @param {View} view @param {Act} act */
function renderClock(view, act) {
    const { texts, secondsLeft, show } = view;
    if (secondsLeft === null) return nothing;
    const minutes = Math.floor(secondsLeft / 60);
    const seconds = secondsLeft % 60;
    const isShort = secondsLeft <= 30;
    const most = Math.max(show?.hold_seconds ?? 0, secondsLeft);
    return html`<div class="clock ${isShort ? "short" : ""}">
        <p><span>${texts.t("held-for")}</span>
            <span role="timer" aria-label=${texts.t("time-left", { minutes, seconds })}>
                ${minutes}:${String(seconds).padStart(2, "0")}</span></p>
        ${button(view, act, "extend", texts.t("more-time"), "")}
        <progress aria-hidden="true" max=${most} .value=${secondsLeft}></progress>
    </div>`;
}

/**
 * @param {View} view
 * @param {Act} act
 * @param {string} id of its heading
 * @param {string[]} notes
 */
function renderEnd(view, act, id, notes) {
    const { texts, booking, seats } = view;
    const money = moneyNote(booking, texts);
    return html`<h2 tabindex="-1">${texts.t(id)}</h2>
        <div class="notice ${id === "cancelled" ? "" : "bad"}">
            ${[...notes, money].filter(Boolean).map((text) => html`<p>${text}</p>`)}
        </div>
        ${renderSeats(seats)}
        <div class="deeds">${view.showUrl
            ? html`<a class="button" href=${view.showUrl}>${texts.t("choose-again")}</a>`
            : button(view, act, "again", texts.t("choose-again"), "primary")}</div>`;
}

/** @param {View} view */
function expiryNotes({ texts, booking }) {
    const status = booking.payment?.status;
    // What was paid too late has gone back already, or is about to.
    if (status === "refund_pending" || status === "refunded") return [texts.t("hold-expired-paid")];
    return [texts.t("hold-expired-note"), status === "pending" ? texts.t("hold-expired-pending") : ""];
}

/** @param {View} view */
function failureNote({ texts, booking }) {
    const id = `failed-${booking.failure?.code.replaceAll("_", "-")}`;
    return texts.has(id) ? texts.t(id, { count: booking.failure?.seats.length ?? 0 }) : "";
}
