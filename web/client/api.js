import { Caller, makeUuid, sleep } from "./http.js";

/** @import { Changes, Options, States, Suggestions, Wish } from "./types.js" */
/** @typedef {import("./types.js").Booking} Booking */
/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Payment} Payment */
/** @typedef {import("./types.js").Show} Show */

const PREFERRED_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 25;
const WRITE_PATIENCE = 60_000;

/**
 * The public API of a Seatline service. Methods raise a Problem where the service refuses or does not answer,
 * and the signal's reason once it is aborted. What fails for a reason that may pass is repeated, writes under
 * one key: reads for 10 seconds, writes for 60, or as `patience` says.
 */
export class Seatline {
    #caller;

    /**
     * @param {string} origin such as "https://tickets.example"
     * @param {{key?: string, fetch?: typeof fetch}} [options] `key`: for servers, never in a page
     */
    constructor(origin, options = {}) {
        this.#caller = new Caller(origin, options);
    }

    get origin() {
        return this.#caller.origin;
    }

    /** Milliseconds by which the service's clock is ahead of this machine's; null: not known yet. */
    get clockOffset() {
        return this.#caller.clockOffset;
    }

    set clockOffset(offset) {
        this.#caller.clockOffset = offset;
    }

    /**
     * @param {{q?: string, status?: string, from?: string, limit?: number, cursor?: string}} [query]
     * @param {Options} [options]
     * @returns {Promise<{items: Show[], next: string | null}>}
     */
    listShows(query, options) {
        return this.#read("/shows", query, options);
    }

    /** @param {number | string} id @param {Options} [options] @returns {Promise<Show>} */
    getShow(id, options) {
        return this.#read(`/shows/${encode(id)}`, {}, options);
    }

    /**
     * The hall, one list a property; it never changes.
     * @param {number | string} showId
     * @param {Options} [options]
     * @returns {Promise<Layout>}
     */
    getLayout(showId, options) {
        return this.#read(`/shows/${encode(showId)}/layout`, { format: "columns" }, options);
    }

    /**
     * One byte a seat in the layout's order: 0 free, 1 held, 2 booked; up to three zeros more at the end.
     * @param {number | string} showId
     * @param {Options} [options]
     * @returns {Promise<States>}
     */
    async getStates(showId, options) {
        const path = `/shows/${encode(showId)}/availability`;
        const found = await this.#read(path, { format: "states" }, options);
        return { version: found.version, states: decodeStates(found.states) };
    }

    /**
     * What changed after a version; 422 `invalid_request` where that is from the future.
     * @param {number | string} showId
     * @param {number} since
     * @param {Options} [options]
     * @returns {Promise<Changes>}
     */
    async getChanges(showId, since, options) {
        const found = await this.#read(`/shows/${encode(showId)}/availability`, { since }, options);
        return { version: found.version, changes: found.changes };
    }

    /**
     * @param {number | string} showId
     * @param {{quantity: number, section?: string, near?: string}} wish
     * @param {Options} [options]
     * @returns {Promise<Suggestions>}
     */
    suggest(showId, wish, options) {
        return this.#read(`/shows/${encode(showId)}/suggestions`, wish, options);
    }

    /**
     * Book or hold seats, and wait for the outcome. FAILED is one: see `failure`.
     * @param {Wish} wish
     * @param {Options & {key?: string}} [options] `key`: an Idempotency-Key that outlives the page
     * @returns {Promise<Booking>}
     */
    async book(wish, { key, ...options } = {}) {
        const booking = await this.#write("/bookings", { body: wish, key, waits: true, ...options });
        return this.#settle(booking, "acquire", options);
    }

    /**
     * @param {string} id
     * With `wait`, within 25 seconds, once no worker has anything to do for it; with `after` as well, once it
     * is no longer as in that earlier answer; else that answer itself.
     * @param {Options & {wait?: number, after?: Booking}} [options]
     * @returns {Promise<Booking>}
     */
    async getBooking(id, { wait = 0, after, ...options } = {}) {
        const tag = after && this.#caller.tags.get(after);
        /** @type {Record<string, string>} */
        const headers = tag ? { "If-None-Match": tag } : {};
        const call = { query: { wait: wait || null }, headers, wait, ...options };
        const found = await this.#caller.send("GET", `/bookings/${encode(id)}`, call);
        return found ?? after;
    }

    /** @param {string} id @param {Options} [options] @returns {Promise<Booking>} */
    confirm(id, options) {
        return this.#act(id, "confirm", options);
    }

    /** @param {string} id @param {Options} [options] @returns {Promise<Booking>} */
    cancel(id, options) {
        return this.#act(id, "cancel", options);
    }

    /** @param {string} id @param {Options} [options] @returns {Promise<Booking>} */
    extend(id, options) {
        return this.#write(`/bookings/${encode(id)}/extend`, { ...options });
    }

    /**
     * @param {string} id
     * @param {{return_url?: string, method?: "checkout" | "elements"}} [how]
     * @param {Options} [options]
     * @returns {Promise<Payment>}
     */
    pay(id, how = {}, options) {
        return this.#write(`/bookings/${encode(id)}/payments`, { body: how, ...options });
    }

    /**
     * All tries to pay, the oldest first.
     * @param {string} id
     * @param {Options} [options]
     * @returns {Promise<Payment[]>}
     */
    async listPayments(id, options) {
        return (await this.#read(`/bookings/${encode(id)}/payments`, {}, options)).items;
    }

    /** @param {string} id @param {"confirm" | "cancel"} want @param {Options} [options] */
    async #act(id, want, options) {
        const booking = await this.#write(`/bookings/${encode(id)}/${want}`, { waits: true, ...options });
        return this.#settle(booking, want, options);
    }

    /** @param {Booking} booking @param {string} want @param {Options} [options] */
    async #settle(booking, want, options) {
        while (booking.wants === want) {
            const asked = Date.now();
            const wait = LONGEST_WAIT_SECONDS;
            booking = await this.getBooking(booking.id, { patience: WRITE_PATIENCE, ...options, wait });
            // A service at which too many wait answers at once.
            if (booking.wants === want && Date.now() - asked < 1000) await sleep(1000, options?.signal);
        }
        return booking;
    }

    /** @param {string} path @param {Record<string, unknown>} [query] @param {Options} [options] */
    #read(path, query, options) {
        return this.#caller.send("GET", path, { query, ...options });
    }

    /** @param {string} path @param {Options & {body?: object, key?: string, waits?: boolean}} given */
    #write(path, { key = makeUuid(), waits = false, ...call }) {
        const headers = { "Idempotency-Key": key, ...(waits && { Prefer: `wait=${PREFERRED_SECONDS}` }) };
        const usual = { headers, wait: PREFERRED_SECONDS, patience: WRITE_PATIENCE };
        return this.#caller.send("POST", path, { ...usual, ...call });
    }

}

/** @param {string} packed base64 of two bits a seat, the first in the lowest bits */
function decodeStates(packed) {
    const bytes = atob(packed);
    const states = new Uint8Array(bytes.length * 4);
    for (let i = 0, at = 0; i < bytes.length; i += 1, at += 4) {
        const byte = bytes.charCodeAt(i);
        states[at] = byte & 3;
        states[at + 1] = (byte >> 2) & 3;
        states[at + 2] = (byte >> 4) & 3;
        states[at + 3] = byte >> 6;
    }
    return states;
}

/** @param {number | string} id */
function encode(id) {
    return encodeURIComponent(String(id));
}
