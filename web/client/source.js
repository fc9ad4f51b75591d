import { findDelay } from "./http.js";
import { Problem } from "./problem.js";

/** @import { Hooks, Link } from "./types.js" */

const POLL = 2_000;
// A stream that is open but kept back by a proxy, or dead, shows by what a poll finds and it does not bring.
const FIRST_CHECK = 5_000;
const CHECK = 30_000;
const OWED_WITHIN = 10_000;
const OPENS_WITHIN = 8_000;
const LONG_ENOUGH = 10_000;
const LONGEST_BREAK = 300_000;

/** Changes of one show as they come over the network: by its stream, else, and until it opens, by polling. */
export class Source {
    #hooks;
    /** @type {EventSource | null} */
    #stream = null;
    /** When it opened; 0: not yet. */
    #opened = 0;
    /** The version that it has brought. */
    #streamed = 0;
    #owed = { version: 0, by: Infinity };
    #opensBy = 0;
    #openAt = 0;
    #mayOpen = typeof EventSource !== "undefined";
    #pollAt = Date.now() + spread(POLL);
    #strikes = 0;
    #misses = 0;
    /** @type {Link | null} */
    #link = null;
    #wake = () => {};

    /** @param {Hooks} hooks */
    constructor(hooks) {
        this.#hooks = hooks;
    }

    /**
     * Follow until aborted; raises a Problem where that is in vain.
     * @param {AbortSignal} signal
     */
    async run(signal) {
        const end = () => (this.#close(), this.#wake());
        signal.addEventListener("abort", end);
        try {
            for (;;) {
                signal.throwIfAborted();
                const now = Date.now();
                if (now >= this.#findDeadline()) this.#drop(true);
                if (now >= this.#findOpening()) this.#open();
                if (now >= this.#pollAt) await this.#poll(signal);
                else await this.#pause();
            }
        } finally {
            signal.removeEventListener("abort", end);
            this.#close();
        }
    }

    /** Look at once, as after a sleep. */
    check() {
        this.#pollAt = 0;
        this.#wake();
    }

    /**
     * The browser says that the network went, or came back.
     * @param {boolean} isOnline
     */
    notice(isOnline) {
        if (isOnline) this.#strikes = this.#openAt = 0;
        else if (this.#stream) this.#drop(false);
        this.check();
    }

    /** When the stream has failed, if nothing comes. */
    #findDeadline() {
        if (!this.#stream) return Infinity;
        return this.#opened ? this.#owed.by : this.#opensBy;
    }

    /** When a stream is to be tried: not while polls fail too. */
    #findOpening() {
        return this.#stream || this.#misses || !this.#mayOpen ? Infinity : this.#openAt;
    }

    #open() {
        const since = this.#hooks.getVersion();
        const stream = (this.#stream = new EventSource(`${this.#hooks.url}?since=${since}`));
        this.#streamed = since;
        this.#opensBy = Date.now() + OPENS_WITHIN;
        stream.onopen = () => {
            this.#opened = Date.now();
            this.#pollAt = this.#opened + spread(FIRST_CHECK);
            this.#tell("live");
            this.#wake();
        };
        stream.onerror = () => this.#drop(!this.#opened || Date.now() - this.#opened < LONG_ENOUGH);
        stream.addEventListener("seats", (event) => {
            const version = Number(event.lastEventId);
            if (version < since) return this.#restore();
            this.#streamed = version;
            if (version >= this.#owed.version) this.#owed.by = Infinity;
            this.#pollAt = Date.now() + spread(CHECK);
            this.#hooks.take({ version, changes: JSON.parse(event.data) });
        });
    }

    /** The service has an earlier state than it had: it was restored from a backup. */
    #restore() {
        this.#close();
        this.#mayOpen = false;
        const goOn = () => ((this.#mayOpen = true), this.check());
        this.#hooks.restore().then(goOn, goOn);
    }

    #close() {
        this.#stream?.close();
        this.#stream = null;
        this.#opened = 0;
        this.#owed.by = Infinity;
    }

    /** @param {boolean} isStrike */
    #drop(isStrike) {
        this.#close();
        this.#strikes = isStrike ? this.#strikes + 1 : 0;
        const delay = Math.min(LONGEST_BREAK, 1000 * 4 ** this.#strikes);
        this.#openAt = Date.now() + delay * (0.5 + Math.random() / 2);
        this.check();
    }

    /** @param {AbortSignal} signal */
    async #poll(signal) {
        try {
            const hasChanged = await this.#hooks.catchUp();
            this.#misses = 0;
            this.#pollAt = Date.now() + spread(this.#opened ? CHECK : POLL);
            const version = this.#hooks.getVersion();
            if (!this.#opened) this.#tell("polling");
            else if (hasChanged && this.#streamed < version) {
                this.#owed = { version, by: Date.now() + OWED_WITHIN };
            }
        } catch (error) {
            signal.throwIfAborted();
            if (!(error instanceof Problem) || error.isFinal) throw error;
            this.#pollAt = Date.now() + Math.max(POLL, findDelay(error.retryAfter, this.#misses));
            this.#misses += 1;
            // It was not the stream's fault: once a poll succeeds it is tried at once.
            this.#strikes = this.#openAt = 0;
            if (!this.#opened || error.status === 0) this.#close();
            if (!this.#opened) this.#tell("offline");
        }
    }

    /** @param {Link} link */
    #tell(link) {
        // A stream that ended well is soon there again.
        if (link === "polling" && this.#link === "live" && !this.#strikes) return;
        if (link !== this.#link) this.#hooks.tell((this.#link = link));
    }

    /** @returns {Promise<void>} */
    #pause() {
        const next = Math.min(this.#pollAt, this.#findDeadline(), this.#findOpening());
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.max(0, next - Date.now()));
            this.#wake = () => (clearTimeout(timer), resolve());
        });
    }
}

/**
 * As long as that, or up to twice as long: clients that heard the same news must not ask all at once.
 * @param {number} milliseconds
 */
function spread(milliseconds) {
    return milliseconds * (1 + Math.random());
}
