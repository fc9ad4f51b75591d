/** Which seat is where: by a point, by a direction, by a rectangle. All in the hall's own units. */

import KDBush from "../vendor/kdbush.js";

/** @import {Hall} from "./model.js" */

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] };

export class Hit {
    /** @param {Hall} hall */
    constructor(hall) {
        this.hall = hall;
        const { x, y, count } = hall;
        this.seats = new Uint32Array(count);
        let placed = 0;
        for (let i = 0; i < count; i++) if (x[i] === x[i]) this.seats[placed++] = i;
        this.index = new KDBush(placed, 64, /** @type {any} */ (Float32Array));
        for (let n = 0; n < placed; n++) this.index.add(x[this.seats[n]], y[this.seats[n]]);
        this.index.finish();
    }

    /**
     * @param {number} x @param {number} y @param {number} radius
     * @returns {number} the nearest seat's index, -1 where none is as near as that
     */
    at(x, y, radius) {
        let best = -1;
        let least = Infinity;
        for (const n of this.index.within(x, y, radius)) {
            const seat = this.seats[n];
            const square = (this.hall.x[seat] - x) ** 2 + (this.hall.y[seat] - y) ** 2;
            if (square < least) [best, least] = [seat, square];
        }
        return best;
    }

    /**
     * The next seat within 45° of a direction; one of the same row goes before others.
     * @param {number} index @param {"up" | "down" | "left" | "right"} direction
     * @returns {number} its index, -1 where there is none
     */
    near(index, direction) {
        const { x, y, bounds, pitch } = this.hall;
        const farthest = Math.hypot(bounds.maxX - bounds.minX, bounds.maxY - bounds.minY);
        for (let radius = pitch * 2.5; ; radius *= 3) {
            const among = this.index.within(x[index], y[index], radius);
            const found = this.#pick(index, DIRECTIONS[direction], among);
            if (found >= 0 || !(radius < farthest)) return found;
        }
    }

    /** @param {number} minX @param {number} minY @param {number} maxX @param {number} maxY */
    within(minX, minY, maxX, maxY) {
        const found = this.index.range(minX, minY, maxX, maxY);
        for (let n = 0; n < found.length; n++) found[n] = this.seats[found[n]];
        return found;
    }

    /** @param {number} index @param {[number, number]} towards @param {number[]} among */
    #pick(index, [towardsX, towardsY], among) {
        const { x, y, rows, section } = this.hall;
        let best = -1;
        let least = Infinity;
        for (const n of among) {
            const seat = this.seats[n];
            const dx = x[seat] - x[index];
            const dy = y[seat] - y[index];
            const along = dx * towardsX + dy * towardsY;
            const across = Math.abs(dx * towardsY - dy * towardsX);
            if (along <= 0 || across > along) continue;
            const isBeside = rows[seat] === rows[index] && section[seat] === section[index];
            const score = (along + 2 * across) * (isBeside && rows[seat] !== null ? 0.5 : 1);
            if (score < least) [best, least] = [seat, score];
        }
        return best;
    }
}
