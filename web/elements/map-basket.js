import { html, nothing } from "../vendor/lit.js";
import { cross } from "./signs.js";

/** @typedef {import("./seatline-map.js").SeatlineMap} SeatlineMap */

/**
 * Chosen or held seats, and beneath them their sum and what can be done with them.
 *
 * @param {SeatlineMap} map
 * @returns {unknown}
 */
export function basket(map) {
    const { session, speech: { t }, names } = map;
    const { chosen, locked } = session;
    /** @type {import("./seat-names.js").Item[]} */
    const items = names.items(chosen);
    return html`
        <div class="side" part="basket">
            <section class="basket" aria-labelledby="basket-title">
                <div class="told">
                    <h2 id="basket-title" tabindex="-1">${t("your-seats")}</h2>
                    ${chosen.length && !locked ? html`
                        <button class="quiet small" part="clear" @click=${() => map.clear()}>
                            ${t("clear")}</button>` : nothing}
                </div>
                ${map.notices?.(map) ?? nothing}
                ${chosen.length
                    ? html`<ul part="seats">${items.map((item) => line(map, item))}</ul>`
                    : empty(map)}
            </section>
            ${chosen.length || session.sale === "open" ? bar(map) : nothing}
        </div>`;
}

/** @param {SeatlineMap} map */
function bar(map) {
    const { session, speech, names } = map;
    const count = session.chosen.length;
    const total = speech.money(session.amount, session.show.currency);
    return html`
        <div class="bar ${count ? "filled" : ""}">
            ${session.booking ? holdBar(map) : nothing}
            ${count ? html`
                <p class="total" part="total">
                    <span>${speech.t("seats-count", { count })}</span>
                    ${names.priced
                        ? html`<span>${speech.t("total")} <strong>${total}</strong></span>`
                        : nothing}
                </p>` : nothing}
            ${session.booking || session.sale !== "open" ? nothing : holdButton(map)}
        </div>`;
}

/** @param {SeatlineMap} map */
function empty({ session, speech: { t } }) {
    return session.sale === "open"
        ? html`<slot name="empty"><p class="muted">${t("no-seats")}</p></slot>`
        : nothing;
}

/** @param {SeatlineMap} map @param {import("./seat-names.js").Item} item */
function line(map, { indexes, text, section }) {
    const { session, speech: { t }, names } = map;
    const last = indexes[indexes.length - 1];
    const sum = indexes.reduce((total, index) => total + session.hall.price[index], 0);
    return html`
        <li part="seat">
            <span class="seat">
                ${text}${section ? html`<span class="muted">${section}</span>` : nothing}
            </span>
            <span class="sum">${names.money(sum)}</span>
            ${session.locked ? nothing : html`
                <button class="icon quiet" aria-label=${t("remove-seat", { seat: text })}
                    @click=${() => session.toggle(last)}>${cross}</button>`}
        </li>`;
}

/** @param {SeatlineMap} map */
function holdButton(map) {
    const { session, speech: { t } } = map;
    const isOff = !session.chosen.length || session.busy !== null;
    return html`
        <button class="primary wide" part="hold" aria-disabled=${String(isOff)}
            @click=${() => map.hold()}>${session.busy === "hold" ? t("holding") : map.holdLabel || t("hold")}</button>`;
}

/** @param {SeatlineMap} map */
function holdBar(map) {
    const { session, speech: { t }, names } = map;
    const seconds = session.secondsLeft;
    return html`
        <div class="hold-bar ${seconds <= 30 ? "late" : ""}" part="hold-bar">
            <p role="timer">${t("held-for", { time: names.span(seconds) })}</p>
            <div class="row">
                <button part="more-time" ?disabled=${session.busy !== null} @click=${() => map.extend()}>
                    ${t("more-time")}</button>
                <button class="quiet" part="give-back" ?disabled=${session.busy !== null}
                    @click=${() => map.release()}>
                    ${t("give-back")}</button>
            </div>
        </div>`;
}
