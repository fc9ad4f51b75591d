import { LiveShow } from "./live-show.js";

/**
 * What the buyer is told beside the map.
 *
 * @typedef {object} Notice
 * @property {"taken" | "failed" | "limit" | "expired" | "advice" | "given-back" | "problem"
 *     | "more-time-given" | "more-time-none"} kind
 * @property {number[]} [seats] indexes of what was lost, or advised
 * @property {import("./seat-advice.js").Advice[] | null} [alternatives] null while they are looked for
 * @property {string} [code] of a failure or a problem
 * @property {number} [quantity]
 * @property {boolean} [together]
 * @property {string} [time] that is left
 * @property {() => void} [again]
 */

/**
 * A show with the seats its buyer chose.
 *
 * Events, beside LiveShow's: "choice"; "taken" {seats, alternatives}; "problem" {problem}; "notice" {quiet}.
 */
export class SeatChoice extends LiveShow {
    /** @type {Notice | null} */ notice = null;
    /** @type {"hold" | "extend" | "release" | "best" | "again" | null} */ busy = null;
    /** @type {Set<number>} held by this buyer */ own = new Set();

    /**
     * @param {import("../client/api.js").Seatline} api
     * @param {number | string} showId
     * @param {{max?: number | null, customer?: string | null}} [options]
     */
    constructor(api, showId, options = {}) {
        super(api, showId);
        this.options = options;
    }

    /** @returns {boolean} whether the choice is held, or about to be */
    get locked() {
        return this.busy === "hold" || this.own.size > 0;
    }

    /** @returns {number[]} indexes in seat order */
    get chosen() {
        return this.hall ? [...this.hall.selected].sort((a, b) => a - b) : [];
    }

    /** @returns {number} minor units */
    get amount() {
        return this.chosen.reduce((sum, index) => sum + this.hall.price[index], 0);
    }

    /** @returns {number} seats one booking may take */
    get limit() {
        return Math.min(this.options.max ?? Infinity, this.show?.max_seats_per_booking ?? Infinity);
    }

    get soldOut() {
        return super.soldOut && !this.hall.selected.size;
    }

    /** @param {number} index @returns {boolean} whether the seat may be chosen, or is */
    mayChoose(index) {
        return this.hall.selected.has(index) || (this.sale === "open" && this.hall.isFree(index));
    }

    /** @param {number} index @returns {boolean} whether anything changed */
    toggle(index) {
        if (this.locked || !this.mayChoose(index)) return false;
        const { selected } = this.hall;
        if (selected.has(index)) return this.choose([...selected].filter((other) => other !== index));
        return this.choose([...selected, index]);
    }

    /**
     * @param {number[]} indexes replace the choice; those not free, or beyond the limit, are left out
     * @returns {boolean} whether they are chosen
     */
    choose(indexes) {
        if (this.locked) return false;
        const wanted = [...new Set(indexes)].filter((index) => index >= 0 && this.mayChoose(index));
        if (this.notice?.kind !== "taken") this.notice = null;
        this.select(wanted.slice(0, this.limit));
        if (wanted.length <= this.limit) return true;
        this.note({ kind: "limit", quantity: this.limit });
        return false;
    }

    /** @param {number} section @param {number} quantity places of an unnumbered section in the choice */
    chooseStanding(section, quantity) {
        const { selected } = this.hall;
        const kept = [...selected].filter((index) => this.hall.section[index] === section);
        const others = [...selected].filter((index) => this.hall.section[index] !== section);
        const places = kept.slice(0, quantity);
        while (places.length < quantity) {
            const spare = spareOf(this.hall, section, new Set(places));
            if (spare < 0) break;
            places.push(spare);
        }
        return this.choose([...others, ...places]);
    }

    /**
     * @param {number} quantity
     * @param {(index: number) => boolean} [fits] the filter of the view
     * @returns {Promise<number[]>} the seats chosen, [] where there are none
     */
    async best(quantity, fits = () => true) {
        if (this.locked || this.busy || this.sale !== "open") return [];
        if (quantity > this.limit) {
            this.note({ kind: "limit", quantity: this.limit });
            return [];
        }
        const seats = await this.attempt("best", async () => {
            const { bestSeats } = await import("./seat-advice.js");
            const found = await bestSeats(this, quantity, fits);
            this.select(found?.seats ?? []);
            this.note({ kind: "advice", seats: found?.seats ?? [], quantity, together: found?.together });
            return found?.seats;
        });
        return seats ?? [];
    }

    /** @param {import("./seat-advice.js").Advice} advice take what a notice offers */
    accept(advice) {
        this.notice = null;
        if (this.choose([...this.hall.selected, ...advice.seats])) this.tell("notice");
    }

    dismiss() {
        this.notice = null;
        this.tell("notice");
    }

    /** Seats of the choice that others took. What is being held right now is settled by its own answer. */
    look() {
        if (this.busy === "hold") return;
        const lost = this.chosen.filter((index) => !this.hall.isFree(index) && !this.own.has(index));
        if (lost.length) this.lose(lost);
    }

    /** @param {number[]} indexes */
    async lose(indexes) {
        const kept = new Set(this.hall.selected);
        // Places of a standing section are alike: another one takes a lost one's place.
        const lost = indexes.filter((index) => kept.delete(index) && !this.#replace(index, kept));
        this.select([...kept]);
        if (!lost.length) return;
        const before = this.notice?.kind === "taken" ? this.notice.seats ?? [] : [];
        const seats = [...before, ...lost];
        /** @type {Notice} */
        const notice = { kind: "taken", seats, alternatives: null };
        this.note(notice);
        const advice = await import("./seat-advice.js").catch(() => null);
        notice.alternatives = (await advice?.alternativesTo(this, seats)) ?? [];
        if (this.stopped.aborted) return;
        this.tell("notice", { quiet: true });
        this.tell("taken", { seats: lost, alternatives: notice.alternatives });
    }

    /** @param {number} index @param {Set<number>} kept gets the place instead of it @returns {boolean} */
    #replace(index, kept) {
        const { hall } = this;
        if (hall.sections[hall.section[index]].numbered) return false;
        const spare = spareOf(hall, hall.section[index], new Set([...kept, index]));
        return spare >= 0 && Boolean(kept.add(spare));
    }

    /** @param {number[]} indexes */
    select(indexes) {
        const before = this.chosen;
        this.hall.selected.clear();
        for (const index of indexes) this.hall.selected.add(index);
        this.tell("seats", { indexes: [...new Set([...before, ...indexes])] });
        if (before.join() !== this.chosen.join()) this.tell("choice");
    }

    /**
     * @template T
     * @param {"hold" | "extend" | "release" | "best" | "again"} what
     * @param {() => Promise<T>} work
     * @param {() => void} [again]
     * @returns {Promise<T | null>} null where it failed, which is told, and while another attempt is under way
     */
    async attempt(what, work, again) {
        if (this.busy) return null;
        this.busy = what;
        this.tell("notice", { quiet: true });
        try {
            return await work();
        } catch (problem) {
            this.problem(/** @type {any} */ (problem), again);
            return null;
        } finally {
            this.busy = null;
            this.tell("notice", { quiet: true });
        }
    }

    /** @param {import("../client/problem.js").Problem} problem @param {(() => void) | undefined} again */
    problem(problem, again) {
        if (this.stopped.aborted) return;
        this.note({ kind: "problem", code: problem.code, again });
        this.tell("problem", { problem });
        if (["sales_closed", "sales_not_open", "show_cancelled"].includes(problem.code)) void this.refresh();
    }

    /** @param {Notice} notice @returns {null} */
    note(notice) {
        this.notice = notice;
        this.tell("notice");
        return null;
    }
}

/**
 * @param {any} hall
 * @param {number} section
 * @param {Set<number>} taken places that do not count as free
 * @returns {number} a free place; -1 where there is none
 */
function spareOf(hall, section, taken) {
    const { seats } = hall.sections[section];
    // Two buyers who begin at different places seldom meet.
    const start = Math.floor(Math.random() * seats.length);
    for (let n = 0; n < seats.length; n++) {
        const index = seats[(start + n) % seats.length];
        if (hall.isFree(index) && !taken.has(index)) return index;
    }
    return -1;
}
