import { html, live, nothing, ref } from "../vendor/lit.js";
import { drawSeat } from "../map/sprites.js";
import { frame } from "./signs.js";

/** @typedef {import("./seatline-map.js").SeatlineMap} SeatlineMap */

const PRICES_LISTED = 12;
const LEGEND_RADIUS = 7;

/** Party size, best seats, filters, and the switch of the view. @param {SeatlineMap} map */
export function toolbar(map) {
    const { session, speech: { t } } = map;
    const { locked } = session;
    return html`
        <div class="toolbar" part="toolbar">
            ${session.sale === "open" ? html`
                <div class="field">
                    <label for="party">${t("how-many")}</label>
                    ${stepper(map, { value: map.party, most: session.limit, id: "party", locked }, (count) => {
                        map.party = count;
                    })}
                </div>
                <button class="primary" part="best" ?disabled=${locked} @click=${() => map.best(map.party)}>
                    ${session.busy === "best" ? t("best-busy") : t("best-seats")}</button>` : nothing}
            ${filters(map)}
            ${session.hall.sections.some((/** @type {any} */ one) => one.numbered) ? tabs(map) : nothing}
        </div>`;
}

/**
 * @param {SeatlineMap} map
 * @param {{value: number, most: number, id: string, least?: number, locked?: boolean}} range
 * @param {(count: number) => void} set
 */
export function stepper({ speech: { t } }, { value, most, id, least = 1, locked = false }, set) {
    /** @param {number} count */
    const within = (count) => Math.min(Math.max(Math.round(count) || least, least), most);
    const button = (/** @type {number} */ by, /** @type {string} */ label) => html`
        <button class="icon" aria-label=${label} ?disabled=${locked || within(value + by) === value}
            @click=${() => set(within(value + by))}>${by > 0 ? "+" : "−"}</button>`;
    return html`
        <div class="stepper">
            ${button(-1, t("fewer"))}
            <input id=${id} type="number" inputmode="numeric" min=${least} ?disabled=${locked}
                max=${Number.isFinite(most) ? most : nothing} .value=${live(String(value))}
                @change=${(/** @type {any} */ { target }) => {
                    target.value = within(Number(target.value));
                    set(Number(target.value));
                }}>
            ${button(1, t("more"))}
        </div>`;
}

/** @param {SeatlineMap} map */
function filters(map) {
    const { session: { hall }, speech: { t }, names } = map;
    const prices = pricesOf(hall);
    const sections = hall.sections.filter((/** @type {any} */ section) => section.name);
    /** @param {string} id @param {any[]} options @param {string} chosen */
    const select = (id, options, chosen) => html`
        <div class="field">
            <label for=${id}>${t(id)}</label>
            <select id=${id} @change=${(/** @type {any} */ event) => map.filterBy(id, event.target.value)}>
                <option value="">${t(`${id}-any`)}</option>
                ${options.map(({ value, text }) => html`
                    <option value=${value} ?selected=${String(value) === chosen}>${text}</option>`)}
            </select>
        </div>`;
    return html`
        ${prices.length > 1 ? select("price", prices.map((price) => ({
            value: price, text: t("price-up-to", { price: names.money(price) }),
        })), map.filter.price) : nothing}
        ${sections.length > 1 ? select("section", sections.map((/** @type {any} */ section) => ({
            value: hall.sections.indexOf(section), text: section.name,
        })), map.filter.section) : nothing}`;
}

/** @param {any} hall @returns {number[]} ascending, thinned out where there are many */
function pricesOf(hall) {
    const all = [...new Set(hall.price)].sort((a, b) => Number(a) - Number(b));
    const step = Math.ceil(all.length / PRICES_LISTED);
    return /** @type {number[]} */ (all.filter((_, n) => (all.length - 1 - n) % step === 0));
}

/** @param {SeatlineMap} map */
function tabs(map) {
    const { t } = map.speech;
    const turn = (/** @type {KeyboardEvent} */ event) => {
        if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
        event.preventDefault();
        map.turnTo(map.view === "map" ? "list" : "map", true);
    };
    const tab = (/** @type {"map" | "list"} */ view) => html`
        <button role="tab" id="tab-${view}" aria-controls="panel-${view}" tabindex=${map.view === view ? 0 : -1}
            aria-selected=${String(map.view === view)} @click=${() => map.turnTo(view)}>
            ${t(`view-${view}`)}</button>`;
    return html`
        <div class="tabs" part="tabs" role="tablist" aria-label=${t("view")} @keydown=${turn}>
            ${tab("map")}${tab("list")}
        </div>`;
}

/** @param {SeatlineMap} map */
export function zoomButtons({ stage, speech: { t } }) {
    const button = (/** @type {string} */ id, /** @type {any} */ sign, /** @type {() => void} */ act) => html`
        <button class="icon" part="zoom" aria-label=${t(id)} title=${t(id)} @click=${act}>${sign}</button>`;
    return html`
        <div class="zoom">
            ${button("zoom-in", "+", () => stage?.stage.zoomBy(1.6))}
            ${button("zoom-out", "−", () => stage?.stage.zoomBy(1 / 1.6))}
            ${button("zoom-fit", frame, () => stage?.stage.fit())}
        </div>`;
}

/** Sections without numbers, chosen by quantity. @param {SeatlineMap} map */
export function standing(map) {
    const { session, speech: { t }, names } = map;
    const sections = session.hall.sections.filter((/** @type {any} */ section) => !section.numbered);
    if (!sections.length || map.view === "list") return nothing;
    return html`
        <div class="standing" part="standing" role="group" aria-label=${t("standing-places")}>
            ${sections.map((/** @type {any} */ section) => {
                const index = session.hall.sections.indexOf(section);
                const price = names.money(section.low);
                return html`
                    <button ?disabled=${session.sale !== "open" || session.locked || !section.free}
                        @click=${() => map.openCard({ section: index })}>
                        <span>${section.name}</span>
                        <span class="muted">${price ? `${price} · ` : ""}${t("seats-left", { count: section.free })}</span>
                    </button>`;
            })}
        </div>`;
}

/** Shapes of the states, colours of the categories. @param {SeatlineMap} map */
export function legend(map) {
    const { stage, speech: { t }, names, session: { hall } } = map;
    if (!stage) return nothing;
    const { theme, colors } = /** @type {any} */ (stage.stage.looks);
    /** @param {number} look @param {string} color @param {string} text */
    const entry = (look, color, text) => html`
        <li><canvas width="40" height="40" aria-hidden="true"
            ${ref((canvas) => swatch(canvas, look, color, theme))}></canvas> ${text}</li>`;
    return html`
        <ul class="legend" part="legend" aria-label=${t("legend")}>
            ${hall.kinds.map((/** @type {any} */ _, /** @type {number} */ kind) =>
                entry(0, colors[kind], names.kind(kind) || t("state-free")))}
            ${entry(3, colors[0], t("state-chosen"))}${entry(1, colors[0], t("state-held"))}
            ${entry(2, colors[0], t("state-booked"))}
        </ul>`;
}

/** @param {Element | undefined} canvas @param {number} look @param {string} color @param {any} theme */
function swatch(canvas, look, color, theme) {
    const context = /** @type {HTMLCanvasElement | undefined} */ (canvas)?.getContext("2d");
    if (!context) return;
    context.setTransform(2, 0, 0, 2, 20, 20);
    context.clearRect(-10, -10, 20, 20);
    drawSeat(context, look, LEGEND_RADIUS, color, theme);
}
