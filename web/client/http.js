import { Problem } from "./problem.js";

/** @import { Booking, Call } from "./types.js" */

const ANSWER_SECONDS = 15;
// Large halls over slow networks.
const BODY_SECONDS = 90;
const PATIENCE = 10_000;
const FIRST_DELAY = 400;
const LONGEST_DELAY = 8_000;

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] raises its reason as soon as it is aborted
 * @returns {Promise<void>}
 */
export function sleep(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => (clearTimeout(timer), reject(signal?.reason));
        const end = () => (signal?.removeEventListener("abort", abort), resolve());
        const timer = setTimeout(end, milliseconds);
        signal?.addEventListener("abort", abort, { once: true });
    });
}

/**
 * Milliseconds until the next try: as asked for and a little more, else twice as long each time; never in
 * step with other clients.
 * @param {number | null} retryAfter seconds
 * @param {number} tries those that failed before
 */
export function findDelay(retryAfter, tries) {
    if (retryAfter !== null) return (retryAfter + Math.random() * Math.min(2, 0.2 + retryAfter / 10)) * 1000;
    return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** tries) * (0.5 + Math.random() / 2);
}

/** Requests to one origin, repeated while they fail for reasons that may pass. */
export class Caller {
    #key;
    #fetch;
    /** @type {WeakMap<object, string>} ETags of bookings, by the object that a caller got. */
    tags = new WeakMap();
    /** @type {number | null} */
    clockOffset = null;

    /** @param {string} origin @param {{key?: string, fetch?: typeof fetch}} options */
    constructor(origin, { key, fetch: own }) {
        this.origin = new URL(origin).origin;
        this.#key = key;
        // Looked up at each call: pages wrap it late, and it refuses to be a method.
        this.#fetch = own ?? ((/** @type {[any, any]} */ ...given) => globalThis.fetch(...given));
    }

    /** @param {"GET" | "POST"} method @param {string} path @param {Call} call */
    async send(method, path, { query = {}, body, headers, wait = 0, signal, patience = PATIENCE }) {
        const url = new URL(path, this.origin);
        for (const [name, value] of Object.entries(query)) {
            if (![undefined, null, ""].includes(/** @type {any} */ (value))) {
                url.searchParams.set(name, String(value));
            }
        }
        const init = {
            method,
            headers: {
                ...headers,
                ...(body && { "Content-Type": "application/json" }),
                ...(this.#key && { Authorization: `Bearer ${this.#key}` }),
            },
            body: body && JSON.stringify(body),
        };
        const end = Date.now() + patience;
        // Repeats are safe: every POST of ours has an Idempotency-Key.
        for (let tries = 0; ; tries += 1) {
            try {
                return await this.#ask(url, init, wait + ANSWER_SECONDS, signal);
            } catch (error) {
                if (!(error instanceof Problem && error.isPassing)) throw error;
                const delay = findDelay(error.retryAfter, tries);
                if (Date.now() + delay > end) throw error;
                await sleep(delay, signal);
            }
        }
    }

    /**
     * @param {URL} url
     * @param {RequestInit} init
     * @param {number} seconds
     * @param {AbortSignal} [signal]
     * @returns {Promise<any>} the body; null for a 304
     */
    async #ask(url, init, seconds, signal) {
        signal?.throwIfAborted();
        const controller = new AbortController();
        const abort = () => controller.abort();
        let timer = setTimeout(abort, seconds * 1000);
        signal?.addEventListener("abort", abort);
        const asked = Date.now();
        try {
            const response = await this.#fetch(url, { ...init, signal: controller.signal });
            clearTimeout(timer);
            timer = setTimeout(abort, BODY_SECONDS * 1000);
            return this.#parse(response, await response.text(), init, asked);
        } catch (cause) {
            signal?.throwIfAborted();
            if (cause instanceof Problem) throw cause;
            throw new Problem({ code: "network", detail: `No answer from ${this.origin}`, cause });
        } finally {
            clearTimeout(timer);
            signal?.removeEventListener("abort", abort);
        }
    }

    /**
     * @param {Response} response
     * @param {string} text
     * @param {RequestInit} init
     * @param {number} asked when, in milliseconds since 1970
     */
    #parse(response, text, init, asked) {
        if (response.status === 304) return null;
        if (!response.ok) throw Problem.fromResponse(response, text);
        let body;
        try {
            body = JSON.parse(text);
        } catch {
            throw Problem.fromResponse(response, text);
        }
        if (body.updated_at) {
            const tag = response.headers.get("ETag");
            if (tag) this.tags.set(body, tag);
            this.#learnClock(response, body, init.method, asked);
        }
        return body;
    }

    /**
     * @param {Response} response of a booking: others may come from a cache
     * @param {Booking} booking
     * @param {string | undefined} method
     * @param {number} asked
     */
    #learnClock(response, booking, method, asked) {
        const now = Date.now();
        // In whole seconds, and hidden from pages of other origins, where a change just made tells the time.
        const date = Date.parse(response.headers.get("Date") ?? "");
        const low = (date || Date.parse(booking.updated_at)) - now;
        const high = date ? date + 1000 - asked : Infinity;
        if (!date && method !== "POST") return;
        const guess = this.clockOffset ?? (low + Math.min(high, low + (date ? 1000 : 0))) / 2;
        this.clockOffset = Math.min(Math.max(guess, low), high);
    }
}

/** A version 4 UUID; randomUUID is missing on pages without TLS. */
export function makeUuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
