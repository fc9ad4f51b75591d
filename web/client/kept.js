import { openChannel } from "./page.js";

/** @import { Begun, Kept, Telling } from "./types.js" */

const TABS_ANSWER_WITHIN = 200;
// What was asked for longer ago is no longer wanted.
const BEGUN_WITHIN = 60_000;

/** What this tab remembers of its hold, and tells the other tabs of this browser. */
export class Memory {
    #name;
    #hooks;
    /** @type {BroadcastChannel | null} */
    #channel = null;
    /** @type {((kept: Kept | null) => void) | null} */
    #answer = null;

    /**
     * @param {string} name
     * @param {{adopt: (kept: Kept) => void, change: (id: string) => void}} hooks what other tabs tell
     */
    constructor(name, hooks) {
        this.#name = name;
        this.#hooks = hooks;
    }

    open() {
        this.#channel ??= openChannel(this.#name, (message) => this.#hear(message));
    }

    close() {
        this.#channel?.close();
        this.#channel = null;
    }

    /** @returns {Kept | null} */
    get kept() {
        return read(this.#name);
    }

    set kept(kept) {
        write(this.#name, kept);
    }

    /** @returns {Begun | null} */
    get begun() {
        const begun = read(`${this.#name}:begun`);
        return begun && Date.now() - begun.at < BEGUN_WITHIN ? begun : null;
    }

    set begun(begun) {
        write(`${this.#name}:begun`, begun);
    }

    /** Tell the others of the hold that is kept. */
    share() {
        const { kept } = this;
        if (kept) this.#post({ kind: "hold", kept });
    }

    /** @param {string} id of a booking that is not as it was */
    tell(id) {
        this.#post({ kind: "changed", id });
    }

    /**
     * The hold that another tab has.
     * @returns {Promise<Kept | null>}
     */
    ask() {
        return new Promise((resolve) => {
            const timer = setTimeout(() => this.#answer?.(null), this.#channel ? TABS_ANSWER_WITHIN : 0);
            this.#answer = (kept) => {
                clearTimeout(timer);
                this.#answer = null;
                resolve(kept);
            };
            this.#post({ kind: "who" });
        });
    }

    /** @param {Telling} message */
    #hear(message) {
        if (message.kind === "who") this.share();
        else if (message.kind === "changed") this.#hooks.change(message.id);
        else if (this.#answer) this.#answer(message.kept);
        else this.#hooks.adopt(message.kept);
    }

    /** @param {Telling} message */
    #post(message) {
        this.#channel?.postMessage(message);
    }
}

/** @type {Map<string, string>} In place of a storage that is closed to the page. */
const fallback = new Map();

/** @param {string} name @returns {any} */
function read(name) {
    let text = fallback.get(name) ?? null;
    try {
        text ??= sessionStorage.getItem(name);
    } catch {
        // Closed.
    }
    return text && JSON.parse(text);
}

/** @param {string} name @param {object | null} value */
function write(name, value) {
    fallback.delete(name);
    try {
        if (value) sessionStorage.setItem(name, JSON.stringify(value));
        else sessionStorage.removeItem(name);
    } catch {
        if (value) fallback.set(name, JSON.stringify(value));
    }
}
