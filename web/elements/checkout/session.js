import { Countdown } from "../../client/countdown.js";
import { isAwaited, stageOf } from "./stage.js";

/** @typedef {import("../../client/api.js").Booking} Booking */
/** @typedef {import("../../client/hold.js").HoldKeeper} HoldKeeper */

const WAIT_SECONDS = 25;
const PAUSE_MS = 1500;

/**
 * A booking on its way to a ticket: kept fresh, counted down, acted upon. It knows no page.
 *
 * Events: "change" whenever a field is another; "tick" when `secondsLeft` is; "expiring" 30 seconds before the
 * end.
 */
export class CheckoutSession extends EventTarget {
    /** @type {Booking | null} */
    booking = null;
    /** What went wrong last. @type {unknown} */
    problem = null;
    /** What is under way: "confirm", "extend", "cancel", "pay"; "" where nothing is. */
    busy = "";
    /** @type {AbortController | null} */
    #watch = null;
    #isClosed = false;
    #countdown;

    /**
     * @param {import("../../client/api.js").Seatline} api
     * @param {HoldKeeper | null} [keeper] of the show whose hold this is; other tabs, and a map on the page,
     *     follow by it
     */
    constructor(api, keeper = null) {
        super();
        this.api = api;
        this.keeper = keeper;
        this.#countdown = new Countdown(api, (what) => this.dispatchEvent(new Event(what)));
        const follow = (/** @type {any} */ { detail }) => this.take(detail.booking);
        for (const type of ["change", "expired"]) keeper?.addEventListener(type, follow);
    }

    /** Of the hold, by the service's clock; null where there is none. @returns {number | null} */
    get secondsLeft() {
        return this.booking?.held ? Math.max(0, Math.ceil(this.#countdown.left / 1000)) : null;
    }

    get stage() {
        return stageOf(this.booking);
    }

    /** Goes on with this booking. @param {Booking | null} booking */
    take(booking) {
        if (this.#isClosed) return;
        const isOther = booking?.id !== this.booking?.id;
        if (!isOther && booking && this.booking && booking.updated_at < this.booking.updated_at) return;
        this.booking = booking;
        if (booking) this.#kept(booking.id)?.keep(booking);
        this.#countdown.set(booking?.held ? booking.hold_expires_at : null);
        this.#countdown.look();
        if (isOther || !this.#watch) this.#startWatch();
        this.#tell();
    }

    /** Goes on with the booking of this id. @param {string} id */
    async open(id) {
        await this.attempt("open", async () => this.take(await this.api.getBooking(id)));
    }

    confirm() {
        return this.#act("confirm", (id) => this.api.confirm(id));
    }

    extend() {
        return this.#act("extend", (id) => (this.#kept(id)?.extend() ?? this.api.extend(id)));
    }

    cancel() {
        return this.#act("cancel", (id) => (this.#kept(id)?.release() ?? this.api.cancel(id)));
    }

    /**
     * Starts a payment, or finds the one that stands.
     *
     * @param {{ return_url: string, method: "checkout" | "elements" }} how
     * @returns {Promise<import("../../client/api.js").Payment | null>} null: it could not be; see `problem`
     */
    async pay(how) {
        const { booking } = this;
        if (!booking) return null;
        return (await this.attempt("pay", async () => {
            const payment = await this.api.pay(booking.id, how);
            // Starting to pay extends the hold.
            this.take(await this.api.getBooking(booking.id));
            return payment;
        })) ?? null;
    }

    /** @param {unknown} problem */
    fail(problem) {
        this.problem = problem;
        this.#tell();
    }

    close() {
        this.#isClosed = true;
        this.#watch?.abort();
        this.#watch = null;
        this.keeper?.close();
        this.#countdown.set(null);
    }

    /** @param {string} id @returns {HoldKeeper | null} where it keeps this booking */
    #kept(id) {
        return this.keeper?.booking?.id === id ? this.keeper : null;
    }

    /** @param {string} name @param {(id: string) => Promise<Booking>} call */
    async #act(name, call) {
        const { booking } = this;
        if (!booking) return;
        await this.attempt(name, async () => this.take(await call(booking.id)));
    }

    /**
     * Does one thing at a time; `busy` and `problem` tell of it.
     *
     * @template T
     * @param {string} name
     * @param {() => Promise<T>} work
     * @returns {Promise<T | undefined>} undefined: it failed, or another thing is under way
     */
    async attempt(name, work) {
        if (this.busy) return undefined;
        this.busy = name;
        this.problem = null;
        this.#tell();
        try {
            return await work();
        } catch (problem) {
            this.problem = problem;
            if (this.booking && !this.#isClosed) this.#startWatch();
            return undefined;
        } finally {
            this.busy = "";
            this.#tell();
        }
    }

    #startWatch() {
        this.#watch?.abort();
        this.#watch = new AbortController();
        void this.#follow(this.#watch);
    }

    /** @param {AbortController} watch */
    async #follow(watch) {
        const { signal } = watch;
        while (!signal.aborted && this.booking && isAwaited(this.booking)) {
            const asked = Date.now();
            const before = this.booking;
            const found = await this.#ask(before, signal);
            if (signal.aborted) return;
            if (found && found !== before && before === this.booking) this.take(found);
            if (found === undefined) break;
            if (Date.now() - asked < PAUSE_MS) await pause(PAUSE_MS, signal);
        }
        if (this.#watch === watch) this.#watch = null;
    }

    /**
     * @param {Booking} before
     * @param {AbortSignal} signal
     * @returns {Promise<Booking | null | undefined>} null: no answer just now; undefined: there will be none
     */
    async #ask(before, signal) {
        try {
            await becomeVisible(signal);
            return await this.api.getBooking(before.id, { wait: WAIT_SECONDS, after: before, signal });
        } catch (error) {
            if (signal.aborted || /** @type {any} */ (error).isPassing) return null;
            this.fail(error);
            return undefined;
        }
    }

    #tell() {
        this.dispatchEvent(new Event("change"));
    }
}

/**
 * Until the end, or until it is aborted.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
}

/** A tab in the background asks for nothing. @param {AbortSignal} signal @returns {Promise<void>} */
async function becomeVisible(signal) {
    if (document.visibilityState === "visible") return;
    await new Promise((resolve) => {
        document.addEventListener("visibilitychange", resolve, { once: true, signal });
        signal.addEventListener("abort", resolve, { once: true });
    });
}
