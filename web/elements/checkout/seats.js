/**
 * The seats of a booking, in the hall's own words.
 *
 * @typedef {{ section: string, text: string }} SeatGroup seats of a row; `section` may be ""
 */

/**
 * @param {import("../../client/api.js").Layout | null} layout by columns; null: it is not known yet
 * @param {string[]} numbers seat numbers
 * @param {import("../texts.js").Texts} texts
 * @returns {SeatGroup[]} one for each row, in the hall's order
 */
export function describeSeats(layout, numbers, texts) {
    if (!numbers.length) return [];
    if (!layout) return [{ section: "", text: describeLabels(numbers, texts) }];
    const { seats, sections } = layout;
    const wanted = new Set(numbers);
    /** @type {Map<string, number[]>} */
    const rows = new Map();
    seats.seat_number.forEach((number, index) => {
        if (!wanted.has(number)) return;
        const row = `${seats.section[index]} ${seats.row[index]}`;
        rows.set(row, [...(rows.get(row) ?? []), index]);
    });
    return [...rows.values()].map((indexes) => {
        const section = sections[seats.section[indexes[0]] ?? 0];
        const text = section.numbered === false
            ? texts.t("places", { count: indexes.length })
            : describeRow(layout, indexes, texts);
        return { section: section.name ?? "", text };
    });
}

/** @param {SeatGroup[]} groups @returns {string} all on one line */
export function joinSeats(groups) {
    return groups.map(({ section, text }) => (section ? `${section}, ${text}` : text)).join("; ");
}

/**
 * @param {import("../../client/api.js").Layout} layout
 * @param {number[]} indexes seats of one row
 * @param {import("../texts.js").Texts} texts
 */
function describeRow({ seats }, indexes, texts) {
    const labels = indexes.map((index) => seats.label[index] ?? seats.seat_number[index]);
    return describeLabels(labels, texts, seats.row[indexes[0]]);
}

/** @param {string[]} labels @param {import("../texts.js").Texts} texts @param {string | null} [row] */
function describeLabels(labels, texts, row = null) {
    const [label] = labels;
    const list = new Intl.ListFormat(texts.locale, { type: "unit", style: "short" }).format(labels);
    const args = { label, labels: list, ...(row !== null && { row }) };
    if (row !== null) return texts.t(labels.length === 1 ? "seat-in-row" : "seats-in-row", args);
    return texts.t(labels.length === 1 ? "seat-alone" : "seats-alone", args);
}
