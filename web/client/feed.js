import { findDelay, sleep } from "./http.js";
import { openChannel, watchPage } from "./page.js";
import { Problem } from "./problem.js";

/** @import { Seatline } from "./api.js" */
/** @import { Source } from "./source.js" */
/** @import { Changes, Link, Message } from "./types.js" */

const HIDDEN_FOR = 60_000;
const TURN = 5_000;
const BEAT = 15_000;
// In turns of silence: when the tab that follows the service is asked, and when its place is taken.
const ASKED_AFTER = 6;
const TAKEN_AFTER = 9;

/**
 * The seats of one show, live. Of all tabs of a browser one follows the service and tells the others; one
 * that was hidden for a minute rests until it is seen again. Each event has a `detail`:
 *
 * - "states" {version, states}, as of Seatline.getStates: first, and after the service was restored
 * - "changes" {version, changes}: what became of seats, by their number; versions only grow
 * - "link" {state}: "live", "polling" where no stream gets through, or "offline"
 * - "error" {problem}: there is nothing to follow, and the feed has stopped
 */
export class SeatFeed extends EventTarget {
    #api;
    #showId;
    #name;
    /** @type {number | null} */
    #version = null;
    /** @type {Link | null} */
    #link = null;
    /** @type {AbortController | null} Where it is started and does not rest. */
    #active = null;
    /** @type {BroadcastChannel | null} */
    #channel = null;
    /** @type {Source | null} Where this is the tab that follows the service. */
    #source = null;
    #isCatchingUp = false;
    #silence = 0;
    /** @type {(() => void) | null} */
    #unwatch = null;

    /** @param {Seatline} api @param {number | string} showId */
    constructor(api, showId) {
        super();
        this.#api = api;
        this.#showId = showId;
        this.#name = `seatline:${api.origin}:${showId}`;
    }

    /** The version that was told last; null before the first. */
    get version() {
        return this.#version;
    }

    start() {
        if (this.#unwatch) return;
        const page = {
            rise: () => (this.#active ? this.#source?.check() : this.#rise()),
            rest: () => this.#rest(),
            online: (/** @type {boolean} */ isOnline) => this.#source?.notice(isOnline),
        };
        this.#rise();
        this.#unwatch = watchPage(page, HIDDEN_FOR);
    }

    stop() {
        this.#unwatch?.();
        this.#unwatch = null;
        this.#rest();
    }

    /**
     * Ask what has changed by now: "changes" tells of it before this ends, where anything has.
     * @param {AbortSignal} signal
     * @returns {Promise<boolean>} whether a seat had changed
     */
    async catchUp(signal) {
        if (this.#version === null) return false;
        try {
            const since = Number(this.#version);
            const found = await this.#api.getChanges(this.#showId, since, { signal, patience: 0 });
            this.#take(found);
            return Object.keys(found.changes).length > 0;
        } catch (error) {
            if (!(error instanceof Problem && error.status === 422)) throw error;
            await this.#restore(signal);
            return false;
        }
    }

    #rest() {
        this.#active?.abort();
        this.#active = null;
    }

    #rise() {
        const { signal } = (this.#active = new AbortController());
        this.#follow(signal).catch((problem) => {
            if (signal.aborted) return;
            this.stop();
            this.#emit("error", { problem });
        });
    }

    /** @param {AbortSignal} signal */
    async #follow(signal) {
        const channel = (this.#channel = openChannel(this.#name, (message) => this.#hear(message, signal)));
        signal.addEventListener("abort", () => channel?.close());
        if (this.#version === null) await this.#load(signal);
        this.#post({ kind: "hello" });
        // Browsers have no locks on pages without TLS.
        if (!channel || !globalThis.navigator?.locks) await this.#lead(signal);
        while (!signal.aborted) await this.#queue(signal);
    }

    /**
     * Wait for the place of the tab that follows; take it where its holder is silent, as a frozen tab is.
     * @param {AbortSignal} signal
     */
    async #queue(signal) {
        const waiting = new AbortController();
        const turn = new AbortController();
        const end = () => (waiting.abort(), turn.abort());
        signal.addEventListener("abort", end);
        const lead = () => (clearInterval(timer), this.#lead(turn.signal));
        const timer = setInterval(() => this.#isTooSilent() && waiting.abort(), TURN);
        this.#silence = 0;
        try {
            await navigator.locks.request(this.#name, { signal: waiting.signal }, lead).catch((error) => {
                if (signal.aborted || !waiting.signal.aborted) throw error;
                return navigator.locks.request(this.#name, { steal: true }, lead);
            });
        } catch (error) {
            if (error instanceof Problem) throw error;
            // One that aborts is no failure: it was stopped, or another tab took the place. Else there are no
            // locks to be had, as in a sandboxed frame.
            if (/** @type {any} */ (error).name !== "AbortError") return this.#lead(signal);
        } finally {
            clearInterval(timer);
            end();
            signal.removeEventListener("abort", end);
        }
    }

    #isTooSilent() {
        this.#silence += 1;
        if (this.#silence === ASKED_AFTER) this.#post({ kind: "hello" });
        return this.#silence >= TAKEN_AFTER;
    }

    /** @param {AbortSignal} signal */
    async #lead(signal) {
        const { Source } = await this.#insist(() => import("./source.js"), signal);
        signal.throwIfAborted();
        const source = (this.#source = new Source({
            url: `${this.#api.origin}/shows/${encodeURIComponent(String(this.#showId))}/stream`,
            getVersion: () => Number(this.#version),
            take: (changes) => this.#take(changes),
            catchUp: () => this.catchUp(signal),
            restore: () => this.#restore(signal),
            tell: (link) => this.#setLink(link),
        }));
        const timer = setInterval(() => this.#beat(), BEAT);
        this.#beat();
        try {
            await source.run(signal);
        } finally {
            clearInterval(timer);
            if (this.#source === source) this.#source = null;
        }
    }

    /** @param {Message} message @param {AbortSignal} signal */
    #hear(message, signal) {
        if (message.kind === "hello") return this.#source && this.#beat();
        this.#silence = 0;
        if (this.#version === null) return;
        if (message.kind === "restored") this.#load(signal).catch(() => {});
        else if (message.kind === "now") {
            if (message.link && !this.#source) this.#setLink(message.link);
            if (message.version > this.#version) this.#fillGap(signal);
        } else if (message.since > this.#version) this.#fillGap(signal);
        else this.#take(message);
    }

    /**
     * What fails here is tried again at the next message.
     * @param {AbortSignal} signal
     */
    #fillGap(signal) {
        if (this.#isCatchingUp) return;
        this.#isCatchingUp = true;
        this.catchUp(signal).catch(() => {}).finally(() => (this.#isCatchingUp = false));
    }

    /** @param {Changes} found every change since a version that is not beyond ours */
    #take({ version, changes }) {
        const since = Number(this.#version);
        if (version <= since) return;
        this.#version = version;
        if (this.#source) this.#post({ kind: "changes", since, version, changes });
        this.#emit("changes", { version, changes });
    }

    /**
     * Start afresh: the service knows of no such version, as after it was restored from a backup.
     * @param {AbortSignal} signal
     */
    async #restore(signal) {
        await this.#load(signal);
        if (this.#source) this.#post({ kind: "restored" });
    }

    /** @param {AbortSignal} signal */
    async #load(signal) {
        const ask = () => this.#api.getStates(this.#showId, { signal, patience: 0 });
        const found = await this.#insist(ask, signal);
        this.#version = found.version;
        this.#emit("states", found);
    }

    /**
     * What comes of it as soon as the network lets it; what the service itself refuses is raised.
     * @template T
     * @param {() => Promise<T>} work
     * @param {AbortSignal} signal
     */
    async #insist(work, signal) {
        for (let tries = 0; ; tries += 1) {
            try {
                return await work();
            } catch (error) {
                const problem = error instanceof Problem ? error : null;
                if (signal.aborted || problem?.isFinal) throw error;
                this.#setLink("offline");
                await sleep(findDelay(problem?.retryAfter ?? null, tries), signal);
            }
        }
    }

    /** @param {Link} state */
    #setLink(state) {
        if (this.#link === state) return;
        this.#link = state;
        this.#beat();
        this.#emit("link", { state });
    }

    #beat() {
        if (this.#source) this.#post({ kind: "now", version: Number(this.#version), link: this.#link });
    }

    /** @param {Message} message */
    #post(message) {
        this.#channel?.postMessage(message);
    }

    /** @param {string} type @param {object} detail */
    #emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
