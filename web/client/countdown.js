const EXPIRING = 30;

/** A countdown by a clock that is not this machine's, right again after any sleep. */
export class Countdown {
    #api;
    #tell;
    /** @type {string | null} */
    #ends = null;
    /** @type {string | null} */
    #warnedOf = null;
    #told = -1;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;

    /**
     * @param {{clockOffset: number | null}} api in milliseconds
     * @param {(what: "tick" | "expiring" | "over", secondsLeft: number) => void} tell
     */
    constructor(api, tell) {
        this.#api = api;
        this.#tell = tell;
    }

    /** Milliseconds; negative once it is over. */
    get left() {
        return this.#ends ? Date.parse(this.#ends) - Date.now() - (this.#api.clockOffset ?? 0) : 0;
    }

    /** Tells nothing yet: see look(). @param {string | null} ends RFC 3339; null: count nothing */
    set(ends) {
        if (ends !== this.#ends) this.#told = -1;
        this.#ends = ends;
        clearTimeout(this.#timer);
    }

    /** Tell what is due; timers stand still in a sleep, so that the clock is asked each time. */
    look() {
        clearTimeout(this.#timer);
        const ends = this.#ends;
        if (!ends) return;
        const { left } = this;
        const seconds = Math.max(0, Math.ceil(left / 1000));
        if (left > 0) this.#timer = setTimeout(() => this.look(), (left % 1000) + 5);
        if (seconds !== this.#told) this.#tell("tick", (this.#told = seconds));
        if (left > 0 && seconds <= EXPIRING && this.#warnedOf !== ends) {
            this.#warnedOf = ends;
            this.#tell("expiring", seconds);
        }
        if (left <= 0) this.#tell("over", 0);
    }
}
