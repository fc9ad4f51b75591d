/** How many places of a standing section. */
import { html, live } from "../vendor/lit.js";

/**
 * @param {{ name: string, chosen: number, most: number }} places
 * @param {import("./texts.js").Texts} texts
 * @param {unknown} head what stands before the field
 * @param {boolean} locked
 * @param {(quantity: number) => void} onAsk gets what is possible of what was asked for
 */
export function standingPlaces({ name, chosen, most }, texts, head, locked, onAsk) {
    /** @param {number} quantity */
    const ask = (quantity) => onAsk(locked ? chosen : Math.min(Math.max(Math.round(quantity) || 0, 0), most));
    /** @param {number} step @param {string} sign @param {string} id */
    const button = (step, sign, id) => {
        // Not disabled, by which it would lose the focus.
        const isOut = locked || chosen + step < 0 || chosen + step > most;
        return html`<button type="button" aria-label=${texts.t(id, { section: name })} aria-disabled=${isOut}
            @click=${() => ask(chosen + step)}>${sign}</button>`;
    };
    /** @param {Event} event */
    const read = ({ target }) => ask(Number(/** @type {HTMLInputElement} */ (target).value));
    return html`
        <div class="standing" role="group" aria-label=${name}>
            ${head}
            ${button(-1, "−", "list-fewer")}
            <input type="number" inputmode="numeric" min="0" max=${most} .value=${live(String(chosen))}
                aria-label=${texts.t("list-places", { section: name })} ?readonly=${locked}
                @change=${read} />
            ${button(1, "+", "list-another")}
        </div>`;
}
