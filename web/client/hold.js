import { Countdown } from "./countdown.js";
import { findDelay, makeUuid, sleep } from "./http.js";
import { Memory } from "./kept.js";
import { watchPage } from "./page.js";
import { Problem } from "./problem.js";

/** @import { Seatline } from "./api.js" */
/** @import { Booking, Kept, Options, Seats } from "./types.js" */

const WAIT_SECONDS = 25;

/**
 * The hold of one show: it outlives reloads, other tabs show it too, and its countdown goes by the service's
 * clock. Each event has a `detail`:
 *
 * - "change" {booking}: the hold is there, or is not as it was; one that is settled is forgotten
 * - "tick" {secondsLeft}: each second
 * - "expiring" {secondsLeft}: once, 30 seconds before the end, or less where it is seen later
 * - "expired" {booking}: the service has released the seats, and the hold is forgotten
 */
export class HoldKeeper extends EventTarget {
    #api;
    #showId;
    #memory;
    #countdown;
    /** @type {Booking | null} */
    #booking = null;
    /** @type {AbortController | null} Where it is open. */
    #open = null;
    #isWatching = false;

    /** @param {Seatline} api @param {number | string} showId */
    constructor(api, showId) {
        super();
        this.#api = api;
        this.#showId = Number(showId);
        this.#memory = new Memory(`seatline:hold:${api.origin}:${showId}`, {
            adopt: (kept) => void (this.#booking || this.#adopt(kept).catch(() => {})),
            change: (id) => void (this.#booking?.id === id && this.#refreshQuietly()),
        });
        this.#countdown = new Countdown(api, (what, secondsLeft) => {
            if (what === "over") this.#watch();
            else this.#emit(what, { secondsLeft });
        });
    }

    get booking() {
        return this.#booking;
    }

    /** Whether seats may be held by a request of this tab whose answer did not come. */
    get isUnanswered() {
        return this.#memory.begun !== null;
    }

    /** By the service's clock; 0 where nothing is held. */
    get secondsLeft() {
        return Math.max(0, Math.ceil(this.#countdown.left / 1000));
    }

    /**
     * Hold seats, and keep the hold also where the page is reloaded before the answer. FAILED is not kept.
     * The same wish after a failure is the same request, as the hold may exist.
     * @param {Seats} wish
     * @param {Options} [options]
     * @returns {Promise<Booking>}
     */
    hold(wish, options) {
        this.#listen();
        const before = this.#memory.begun;
        const isAgain = before && JSON.stringify(before.wish) === JSON.stringify(wish);
        const begun = { key: isAgain ? before.key : makeUuid(), wish, at: Date.now() };
        this.#memory.begun = begun;
        return this.#begin(begun, options);
    }

    /**
     * The hold from before a reload, or of another tab, once the service has told what became of it.
     * @param {Options} [options]
     * @returns {Promise<Booking | null>}
     */
    async restore(options) {
        this.#listen();
        const { begun } = this.#memory;
        if (begun) await this.#begin(begun, options);
        else {
            const kept = this.#memory.kept ?? (await this.#memory.ask());
            if (kept) await this.#adopt(kept, options);
        }
        return this.#booking;
    }

    /**
     * Keep a hold that was just made, or take in what has become of the one that is kept.
     * @param {Booking} booking as it came from Seatline
     */
    keep(booking) {
        this.#listen();
        this.#keep(booking);
    }

    /** @param {Booking} booking */
    #keep(booking) {
        const isNew = this.#booking?.id !== booking.id;
        this.#take(booking);
        if (isNew && this.#booking) this.#memory.share();
    }

    /**
     * More time, within the service's limit.
     * @param {Options} [options]
     */
    extend(options) {
        return this.#act((id) => this.#api.extend(id, options));
    }

    /**
     * Give the seats back.
     * @param {Options} [options]
     */
    release(options) {
        return this.#act((id) => this.#api.cancel(id, options));
    }

    /**
     * Ask what has become of the hold, such as after a payment was begun.
     * @param {Options} [options]
     */
    async refresh(options) {
        if (this.#booking) this.#take(await this.#api.getBooking(this.#booking.id, options));
        return this.#booking;
    }

    /** Forget the hold, which stays as it is. */
    forget() {
        this.#booking = null;
        this.#memory.kept = null;
        this.#countdown.set(null);
    }

    /** Stop counting and listening, until restore(), hold() or keep(). */
    close() {
        this.#open?.abort();
        this.#open = null;
        this.#memory.close();
        this.#countdown.set(null);
    }

    #listen() {
        if (this.#open) return;
        this.#open = new AbortController();
        this.#memory.open();
        const rise = () => {
            this.#countdown.look();
            this.#refreshQuietly();
        };
        const unwatch = watchPage({ rise, online: (isOnline) => void (isOnline && rise()) });
        this.#open.signal.addEventListener("abort", unwatch);
    }

    /** @param {{key: string, wish: Seats}} begun @param {Options} [options] */
    async #begin({ key, wish }, options) {
        try {
            const wanted = { ...wish, show_id: this.#showId, hold: true };
            const booking = await this.#api.book(wanted, { key, ...options });
            this.#memory.begun = null;
            this.#keep(booking);
            return booking;
        } catch (error) {
            // After any other failure the hold may exist.
            if (error instanceof Problem && error.isFinal) this.#memory.begun = null;
            throw error;
        }
    }

    /** @param {Kept} kept @param {Options} [options] */
    async #adopt({ id, offset }, { signal } = {}) {
        this.#api.clockOffset ??= offset;
        for (let tries = 0; ; tries += 1) {
            try {
                return this.#take(await this.#api.getBooking(id, { signal, patience: 0 }), true);
            } catch (error) {
                await this.#endure(error, tries, signal);
            }
        }
    }

    /**
     * Wait where asking again may help; else raise.
     * @param {unknown} error
     * @param {number} tries
     * @param {AbortSignal} [signal]
     */
    async #endure(error, tries, signal = this.#open?.signal) {
        if (!(error instanceof Problem) || error.isFinal) {
            if (error instanceof Problem && error.code === "booking_not_found") this.forget();
            throw error;
        }
        await sleep(findDelay(error.retryAfter, tries), signal);
    }

    #refreshQuietly() {
        this.refresh({ signal: this.#open?.signal }).catch(() => {});
    }

    /** @param {(id: string) => Promise<Booking>} ask */
    async #act(ask) {
        const id = this.#booking?.id;
        if (!id) throw new Problem({ status: 409, code: "not_held", detail: "Nothing is held here." });
        try {
            const booking = await ask(id);
            this.#take(booking);
            this.#memory.tell(id);
            return booking;
        } catch (error) {
            this.#refreshQuietly();
            throw error;
        }
    }

    /**
     * @param {Booking} booking
     * @param {boolean} [isKept] it is ours, also where this page does not know it yet
     */
    #take(booking, isKept = false) {
        const old = this.#booking?.id === booking.id ? this.#booking : null;
        if (old && Date.parse(booking.updated_at) < Date.parse(old.updated_at)) return;
        if (booking.status !== "PENDING") {
            if (old || isKept) this.#end(booking);
            return;
        }
        this.#booking = booking;
        this.#memory.kept = { id: booking.id, offset: this.#api.clockOffset };
        // Who hears of the hold may ask for the time that is left.
        if (this.#open) this.#countdown.set(booking.held && !booking.wants ? booking.hold_expires_at : null);
        if (JSON.stringify(booking) !== JSON.stringify(old)) this.#emit("change", { booking });
        // An answer may come after the end.
        if (this.#booking !== booking || !this.#open) return;
        this.#countdown.look();
        this.#watch();
    }

    /** @param {Booking} booking */
    #end(booking) {
        this.forget();
        this.#memory.tell(booking.id);
        this.#emit(booking.failure?.code === "hold_expired" ? "expired" : "change", { booking });
    }

    /** Whether something may become of the hold that only the service knows. */
    #isUndecided() {
        const booking = this.#booking;
        if (!booking) return false;
        const isPaying = booking.payment?.status === "pending";
        return !booking.held || !!booking.wants || isPaying || this.secondsLeft === 0;
    }

    /** Ask until it is decided: at its end a confirm, or a payment, may have won. */
    async #watch() {
        const signal = this.#open?.signal;
        if (this.#isWatching || !signal) return;
        this.#isWatching = true;
        try {
            for (let tries = 0; this.#booking && this.#isUndecided(); tries += 1) {
                const call = { wait: WAIT_SECONDS, after: this.#booking, patience: 0, signal };
                const asked = Date.now();
                try {
                    this.#take(await this.#api.getBooking(this.#booking.id, call));
                    if (Date.now() - asked > 1000) tries = 0;
                    else await sleep(findDelay(null, tries), signal);
                } catch (error) {
                    await this.#endure(error, tries, signal);
                }
            }
        } catch {
            // It was closed; or there is no such booking.
        } finally {
            this.#isWatching = false;
        }
    }

    /** @param {string} type @param {object} detail */
    #emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
