/**
 * @param {HTMLInputElement} box a checkbox of a row, which is a fieldset
 * @param {number} step -1: rows above, 1: below
 * @returns {HTMLInputElement | undefined} of the next row that has any enabled, the one nearest to the same place
 */
export function findBeside(box, step) {
    const row = /** @type {HTMLElement} */ (box.closest("fieldset"));
    const rows = [.../** @type {ShadowRoot} */ (row.getRootNode()).querySelectorAll("fieldset")];
    const place = [...row.querySelectorAll("input")].indexOf(box);
    for (let at = rows.indexOf(/** @type {HTMLFieldSetElement} */ (row)) + step; rows[at]; at += step) {
        const boxes = [...rows[at].querySelectorAll("input")];
        const free = boxes.filter((each) => !each.disabled);
        const away = (/** @type {HTMLInputElement} */ each) => Math.abs(boxes.indexOf(each) - place);
        if (free.length) return free.reduce((near, each) => (away(each) < away(near) ? each : near));
    }
    return undefined;
}
