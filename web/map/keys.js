/**
 * Where keys lead from a seat. Taken seats are places like all others. No DOM.
 *
 * @typedef {import("./model.js").Hall} Hall
 * @typedef {import("./hit.js").Hit} Hit
 * @typedef {import("./list.js").Order} Order
 */

/** @type {Record<string, { direction: "up" | "down" | "left" | "right", dx: number, dy: number }>} */
const ARROWS = {
    ArrowUp: { direction: "up", dx: 0, dy: -1 },
    ArrowDown: { direction: "down", dx: 0, dy: 1 },
    ArrowLeft: { direction: "left", dx: -1, dy: 0 },
    ArrowRight: { direction: "right", dx: 1, dy: 0 },
};

export class Keys {
    /** @param {Hall} hall @param {Order} order @param {Hit} hit */
    constructor(hall, order, hit) {
        this.hall = hall;
        this.order = order;
        this.hit = hit;
        this.sections = hall.sections.flatMap(({ numbered }, section) =>
            numbered && order.sections[section].length ? [section] : [],
        );
    }

    /** @returns {number} a chosen seat, else a free one, else any; -1 where no seat is drawn */
    entry() {
        const { hall } = this;
        for (const index of hall.selected) if (hall.x[index] === hall.x[index]) return index;
        const section = this.sections.find((each) => hall.sections[each].free > 0) ?? this.sections[0];
        return section === undefined ? -1 : this.#enter(section);
    }

    /**
     * @param {number} index
     * @param {string} key as of KeyboardEvent.key
     * @param {boolean} [whole] with Home and End: of the hall instead of the row
     * @returns {number} the same seat where nothing lies there, -1 for a key that leads nowhere
     */
    move(index, key, whole = false) {
        const arrow = ARROWS[key];
        if (arrow) {
            const inRow = this.#alongRow(index, arrow.dx, arrow.dy);
            const found = inRow >= 0 ? inRow : this.hit.near(index, arrow.direction);
            return found >= 0 ? found : index;
        }
        if (key === "Home") return this.#end(whole ? this.#outer(0) : index, -1);
        if (key === "End") return this.#end(whole ? this.#outer(-1) : index, 1);
        if (key === "PageDown") return this.#turn(index, 1);
        if (key === "PageUp") return this.#turn(index, -1);
        return -1;
    }

    /** The next seat of its row, or -1. @param {number} index @param {number} dx @param {number} dy */
    #alongRow(index, dx, dy) {
        const { x, y } = this.hall;
        let found = -1;
        let nearest = Infinity;
        for (const seat of this.order.rowOf(index).seats) {
            const [right, down] = [x[seat] - x[index], y[seat] - y[index]];
            const ahead = right * dx + down * dy;
            if (ahead > Math.abs(right * dy + down * dx) && ahead < nearest) [found, nearest] = [seat, ahead];
        }
        return found;
    }

    /** @param {number} at 0 or -1 @returns {number} a seat of the first or last row */
    #outer(at) {
        const rows = this.order.sections[/** @type {number} */ (this.sections.at(at))];
        return /** @type {import("./list.js").Row} */ (rows.at(at)).seats[0];
    }

    /** @param {number} index @param {1 | -1} side @returns {number} the seat at that end of its row */
    #end(index, side) {
        const { seats } = this.order.rowOf(index);
        const extent = (/** @type {Float32Array} */ axis) => {
            const places = seats.map((seat) => axis[seat]);
            return Math.max(...places) - Math.min(...places);
        };
        const axis = extent(this.hall.x) >= extent(this.hall.y) ? this.hall.x : this.hall.y;
        return seats.reduce((end, seat) => ((axis[seat] - axis[end]) * side > 0 ? seat : end));
    }

    /** A seat of the section before or after, if any. @param {number} index @param {1 | -1} step */
    #turn(index, step) {
        const section = this.sections[this.sections.indexOf(this.hall.section[index]) + step];
        return section === undefined ? index : this.#enter(section);
    }

    /** The free seat nearest to the section's middle; without one, any there. @param {number} section */
    #enter(section) {
        const { hall } = this;
        const [x, y] = hall.sections[section].center;
        let found = -1;
        let least = Infinity;
        for (const row of this.order.sections[section]) {
            for (const seat of row.seats) {
                const away = Math.hypot(hall.x[seat] - x, hall.y[seat] - y) + (hall.isFree(seat) ? 0 : 1e9);
                if (away < least) [found, least] = [seat, away];
            }
        }
        return found;
    }
}
