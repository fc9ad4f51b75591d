import { html, nothing } from "../vendor/lit.js";
import { stepper } from "./map-tools.js";
import { cross } from "./signs.js";

/** @typedef {import("./seatline-map.js").SeatlineMap} SeatlineMap */

/**
 * What a touch or a standing area opens, to confirm there.
 *
 * @param {SeatlineMap} map
 * @param {{index: number, section?: undefined} | {section: number}} what
 */
export function card(map, what) {
    const { t } = map.speech;
    return html`
        <div class="card" part="card" role="group" aria-label=${t("choose")}
            @keydown=${(/** @type {KeyboardEvent} */ { key }) => key === "Escape" && map.openCard(null)}>
            ${what.section === undefined ? seatCard(map, what.index) : standingCard(map, what.section)}
            <button class="icon quiet" aria-label=${t("close")} @click=${() => map.openCard(null)}>
                ${cross}</button>
        </div>`;
}

/** @param {SeatlineMap} map @param {number} index */
function seatCard(map, index) {
    const { session, names, speech: { t } } = map;
    const isChosen = session.hall.selected.has(index);
    const section = names.sectionOf(index).name;
    const state = isChosen || !session.hall.isFree(index) ? names.state(index) : "";
    const detail = [section, names.price(index), state].filter(Boolean).join(" · ");
    return html`
        <p><strong>${names.seat(index)}</strong> <span class="muted">${detail}</span></p>
        ${session.mayChoose(index) && !session.locked ? html`
            <button class="primary" @click=${() => {
                if (session.toggle(index)) map.openCard(null);
            }}>${t(isChosen ? "remove" : "choose")}</button>` : nothing}`;
}

/** @param {SeatlineMap} map @param {number} index */
function standingCard(map, index) {
    const { session, names, speech: { t } } = map;
    const section = session.hall.sections[index];
    const isHere = (/** @type {number} */ seat) => session.hall.section[seat] === index;
    const chosen = session.chosen.filter(isHere).length;
    const most = Math.min(session.limit - session.chosen.length + chosen, section.free);
    const price = names.money(section.low);
    return html`
        <p><strong>${section.name}</strong>
            <span class="muted">${price ? `${price} · ` : ""}${t("seats-left", { count: section.free })}</span></p>
        <label class="visually-hidden" for="places">${t("how-many")}</label>
        ${stepper(map, { value: chosen, most, id: "places", least: 0, locked: session.locked }, (count) => {
            session.chooseStanding(index, count);
        })}`;
}
