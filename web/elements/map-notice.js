import { html, nothing } from "../vendor/lit.js";
import { textOf } from "./notice-text.js";
import { cross } from "./signs.js";

/** @typedef {import("./map-view.js").MapView} MapView */

const GOOD = ["advice", "given-back", "more-time-given"];

/** What the buyer is told beside the map. @param {MapView} map */
export function notices(map) {
    const { session, speech: { t }, names } = map;
    const { notice, confirmed } = session;
    return html`
        ${saleOf(map)}
        ${session.link === "offline"
            ? html`<p class="notice bad" part="notice">${t("link-offline")}</p>`
            : nothing}
        ${confirmed ? html`
            <p class="notice good" part="notice">
                ${t("confirmed", { seats: names.all(map.indexesOf(confirmed.seats)), count: confirmed.seats.length })}
            </p>` : nothing}
        ${notice ? html`
            <div class="notice ${tone(notice)}" part="notice" data-kind=${notice.kind}>
                <div class="told">
                    <p>${textOf(map, notice)}</p>
                    <button class="icon quiet" aria-label=${t("dismiss")} @click=${() => session.dismiss()}>
                        ${cross}</button>
                </div>
                ${notice.kind === "taken" ? alternatives(map, notice) : nothing}
                ${notice.again ? html`
                    <p><button @click=${notice.again}>${t(againOf(notice))}</button></p>` : nothing}
            </div>` : nothing}`;
}

/** @param {import("./seat-choice.js").Notice} notice */
function tone({ kind, seats }) {
    return GOOD.includes(kind) && (kind !== "advice" || seats?.length) ? "good" : "bad";
}

/** @param {import("./seat-choice.js").Notice} notice */
function againOf({ kind }) {
    return kind === "expired" ? "choose-again" : "try-again";
}

/** @param {MapView} map @param {import("./seat-choice.js").Notice} notice */
function alternatives({ session, speech: { t }, names }, notice) {
    if (!notice.alternatives) return html`<p class="muted">${t("taken-looking")}</p>`;
    // What was advised may be taken by now.
    const isFree = (/** @type {number} */ index) => session.hall.isFree(index);
    const free = notice.alternatives.filter(({ seats }) => seats.every(isFree));
    if (!free.length) return html`<p class="muted">${t("taken-none")}</p>`;
    return html`
        <p class="muted">${t("taken-nearest")}</p>
        <div class="row">
            ${free.map((advice) => html`
                <button part="alternative" @click=${() => session.accept(advice)}>
                    ${names.all(advice.seats)}${names.priced ? ` · ${names.money(advice.amount)}` : ""}
                </button>`)}
        </div>`;
}

/** @param {MapView} map */
function saleOf({ session, speech, names }) {
    const { sale, show, booking } = session;
    if (sale === "open" || (booking && sale !== "cancelled")) return nothing;
    const args = { day: "", time: "", left: "" };
    let id = `sales-${sale}`;
    if (sale === "before") {
        const left = (Date.parse(show.sales_open_at) - Date.now()) / 1000;
        args.day = speech.day(show.sales_open_at, show.time_zone);
        args.time = speech.time(show.sales_open_at, show.time_zone);
        args.left = names.span(left);
        if (left < 86400) id = "sales-before-soon";
    }
    return html`<p class="notice bad" part="notice" data-sale=${sale}>${speech.t(id, args)}</p>`;
}
