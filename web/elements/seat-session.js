import { late } from "../map/late.js";
import { SeatChoice } from "./seat-choice.js";

const FINAL = ["customer_limit", "client_limit", "sales_closed"];

/**
 * A show with its buyer's choice and hold.
 *
 * Events, beside LiveShow's: "choice"; "held" {booking}; "tick"; "expiring"; "expired" {booking};
 * "confirmed" {booking}; "taken" {seats, alternatives}; "problem" {problem}; "notice" {quiet}.
 */
export class SeatSession extends SeatChoice {
    /** @type {import("../client/hold.js").HoldKeeper | null} once it is fetched */ keeper = null;
    /** @type {any} the booking that was confirmed here last */ confirmed = null;
    /** @type {Promise<any> | null} */ #holding = null;
    #heldId = "";

    async load() {
        await super.load();
        void late(() => this.#open(), this.stopped, (keeper) => {
            // Where its answer takes long, the map is used meanwhile.
            keeper.restore({ signal: this.stopped }).catch(() => null);
        });
    }

    stop() {
        super.stop();
        this.keeper?.close();
    }

    /** @returns {any} the booking that holds the choice, or null */
    get booking() {
        return this.keeper?.booking?.held ? this.keeper.booking : null;
    }

    /** @returns {number} until the hold ends */
    get secondsLeft() {
        return this.keeper?.secondsLeft ?? 0;
    }

    /** The keeper of the hold, which is fetched once. */
    async #open() {
        const { HoldKeeper } = await import("../client/hold.js");
        this.stopped.throwIfAborted();
        return (this.keeper ??= this.#follow(new HoldKeeper(this.api, this.showId)));
    }

    /** @param {import("../client/hold.js").HoldKeeper} keeper */
    #follow(keeper) {
        for (const type of ["change", "tick", "expiring", "expired"]) {
            keeper.addEventListener(type, (event) => this.#kept(/** @type {CustomEvent} */ (event)));
        }
        return keeper;
    }

    look() {
        // Seats of a hold without an answer may be held by it.
        if (!this.keeper?.isUnanswered) super.look();
    }

    /** @param {number[]} indexes @returns {boolean} */
    choose(indexes) {
        const done = super.choose(indexes);
        if (done) this.confirmed = null;
        return done;
    }

    /**
     * @returns {Promise<any>} the held booking; null where it could not be held. Calls at one time are one.
     */
    hold() {
        this.#holding ??= this.#hold().finally(() => (this.#holding = null));
        return this.#holding;
    }

    async #hold() {
        if (this.booking) return this.booking;
        const seats = this.chosen.map((index) => this.hall.numbers[index]);
        // Seats that go in the moment of the press are told of already, with others in their place.
        if (!seats.length && this.notice?.kind === "taken") return null;
        if (!seats.length) return this.note({ kind: "problem", code: "choose-first" });
        const { customer } = this.options;
        const wish = customer ? { seats, customer } : { seats };
        const ask = async () => (await this.#open()).hold(wish);
        const booking = await this.attempt("hold", ask, () => void this.hold());
        if (booking?.failure) return this.#failed(booking.failure);
        if (!booking) this.look();
        return booking;
    }

    /** @param {{code: string, seats: string[]}} failure @returns {null} */
    #failed(failure) {
        const named = failure.seats.map((number) => this.hall.indexOf(number));
        const lost = named.filter((index) => this.hall.selected.has(index));
        const again = FINAL.includes(failure.code) ? undefined : () => void this.hold();
        if (failure.code === "seats_unavailable" && lost.length) this.lose(lost);
        else this.note({ kind: "failed", code: failure.code, again });
        this.look();
        return null;
    }

    /** @returns {Promise<boolean>} whether the hold lasts longer now */
    async extend() {
        const before = this.booking?.hold_expires_at;
        if (!before) return false;
        await this.attempt("extend", async () => this.keeper?.extend(), () => void this.extend());
        return Boolean(this.booking) && this.booking.hold_expires_at !== before;
    }

    /** @returns {Promise<void>} */
    async release() {
        if (!this.booking) return;
        const gone = await this.attempt("release", async () => {
            await this.keeper?.release();
            return true;
        }, () => void this.release());
        if (!gone) return;
        this.note({ kind: "given-back" });
        // The seats can be chosen again once this is over.
        await this.feed.catchUp(this.stopped).catch(() => {});
    }

    /** @param {{type: string, detail: any}} event of the keeper */
    #kept({ type, detail }) {
        if (this.stopped.aborted || !this.hall) return;
        if (type === "expired") this.#expired(detail.booking);
        else if (type !== "change") this.tell(type, detail);
        else if (this.booking) this.#hasHold(this.booking);
        else this.#ended(detail.booking);
    }

    /** @param {any} booking */
    #hasHold(booking) {
        const isNew = this.#heldId !== booking.id;
        this.#heldId = booking.id;
        this.own = new Set(this.#seatsOf(booking));
        if (!isNew) return this.tell("tick");
        this.notice = this.confirmed = null;
        this.select([...this.own]);
        this.tell("held", { booking });
    }

    /** @param {any} booking the hold that is none any more, or null */
    #ended(booking) {
        if (booking?.status === "PENDING") return;
        this.own = new Set();
        if (booking?.status === "CONFIRMED") {
            this.confirmed = booking;
            this.notice = null;
            this.tell("confirmed", { booking });
        }
        this.select([]);
    }

    /** @param {any} booking */
    #expired(booking) {
        this.own = new Set();
        const seats = this.#seatsOf(booking);
        this.select([]);
        this.note({ kind: "expired", seats, again: () => void this.#again(seats) });
        this.tell("expired", { booking });
    }

    /** @param {number[]} seats */
    async #again(seats) {
        // The hold's end is known before the feed tells of its seats, which could not be chosen until then.
        const hear = async () => {
            await this.feed.catchUp(this.stopped);
            return true;
        };
        if (!(await this.attempt("again", hear, () => void this.#again(seats)))) return;
        this.notice = null;
        this.choose(seats);
        this.tell("notice");
    }

    /** @param {any} booking @returns {number[]} */
    #seatsOf(booking) {
        const seats = /** @type {string[]} */ (booking?.seats ?? []);
        return seats.map((number) => this.hall.indexOf(number)).filter((index) => index >= 0);
    }
}
