/** What several stages of a checkout are made of. */
import { html, nothing } from "../../vendor/lit.js";

/**
 * @typedef {import("../texts.js").Texts} Texts
 * @typedef {import("../../client/api.js").Booking} Booking
 * @typedef {object} View everything that a stage is drawn from
 * @property {Texts} texts
 * @property {Booking} booking
 * @property {import("../../client/api.js").Show | null} show
 * @property {import("./seats.js").SeatGroup[]} seats
 * @property {import("./stage.js").Stage} stage
 * @property {string} busy
 * @property {string} note what was done last, in words
 * @property {number | null} secondsLeft
 * @property {boolean} hasForm whether the provider's own form stands in the slot
 * @property {string} paymentUrl a payment page that the buyer opens; "" where there is none
 * @property {string} bookingUrl the booking's page; "" where that is this page
 * @property {string} showUrl the show's page; "" where its map is on this page
 * @property {boolean} isHome whether this is a page of the service itself
 * @property {unknown} qr the ticket's code as a picture, once it is drawn
 *
 * @typedef {"confirm" | "extend" | "cancel" | "pay" | "submit" | "again" | "print" | "calendar"} Deed
 * @typedef {(deed: Deed) => void} Act
 */

/** @param {import("./seats.js").SeatGroup[]} seats */
export function renderSeats(seats) {
    return html`<ul class="seats">${seats.map(({ section, text }) =>
        html`<li>${section ? html`<strong>${section}</strong> ` : nothing}${text}</li>`)}</ul>`;
}

/**
 * @param {View} view
 * @param {Act} act
 * @param {Deed} deed
 * @param {string} label
 * @param {string} look
 */
export function button({ busy }, act, deed, label, look) {
    // A disabled button would lose the focus.
    return html`<button type="button" class=${look} part="button ${deed}"
        aria-disabled=${String(busy !== "")} aria-busy=${String(busy === deed)}
        @click=${() => busy || act(deed)}>${label}</button>`;
}
