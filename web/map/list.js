/**
 * A hall as people read it, one thing after the other: sections, their rows, the rows' seats. No DOM.
 *
 * @typedef {import("./model.js").Hall} Hall
 * @typedef {{ section: number, label: string, seats: number[] }} Row  seats in the hall's order; label "": none
 */
/** @type {WeakMap<Hall, Order>} */
const orders = new WeakMap();

/** @param {Hall} hall @returns {Order} the one that list and keys share */
export function orderOf(hall) {
    const made = orders.get(hall) ?? new Order(hall);
    orders.set(hall, made);
    return made;
}

/** Every seat's row, and every section's rows. An unnumbered section is one row. */
export class Order {
    /** @param {Hall} hall */
    constructor(hall) {
        /** @type {Row[]} */
        this.rows = [];
        /** @type {Row[][]} by section */
        this.sections = hall.sections.map(() => []);
        this.longest = 0;
        this.places = new Uint32Array(hall.count);
        /** @type {Map<string | number, number>[]} */
        const places = hall.sections.map(() => new Map());
        for (let index = 0; index < hall.count; index++) {
            const section = hall.section[index];
            // Rows without names are told apart by their height.
            const key = hall.rows[index] || hall.y[index];
            let place = places[section].get(key);
            if (place === undefined) {
                place = this.rows.length;
                places[section].set(key, place);
                const row = { section, label: hall.rows[index] ?? "", seats: [] };
                this.rows.push(row);
                this.sections[section].push(row);
            }
            this.places[index] = place;
            this.longest = Math.max(this.longest, this.rows[place].seats.push(index));
        }
    }

    /** @param {number} index @returns {Row} */
    rowOf(index) {
        return this.rows[this.places[index]];
    }
}

/**
 * A section's rows with only those of their seats that `shows` lets through, until there are `limit`.
 *
 * @param {Row[]} rows
 * @param {(index: number) => boolean} shows
 * @param {number} limit
 * @returns {{ rows: Row[], next: number }} next: the first seat beyond the limit, -1 where all are listed
 */
export function listRows(rows, shows, limit) {
    /** @type {Row[]} */
    const listed = [];
    let left = limit;
    for (const row of rows) {
        const seats = row.seats.filter(shows);
        const within = seats.slice(0, left);
        if (within.length) listed.push({ ...row, seats: within });
        left -= within.length;
        if (within.length < seats.length) return { rows: listed, next: seats[within.length] };
    }
    return { rows: listed, next: -1 };
}

/**
 * What a section of standing has chosen and can still give.
 *
 * @param {Hall} hall
 * @param {number} section
 * @returns {{ chosen: number, most: number }} most: chosen and free together
 */
export function countStanding(hall, section) {
    let chosen = 0;
    let kept = 0;
    for (const index of hall.selected) {
        if (hall.section[index] !== section) continue;
        chosen += 1;
        if (!hall.isFree(index)) kept += 1;
    }
    return { chosen, most: hall.sections[section].free + kept };
}
