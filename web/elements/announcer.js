/** Two live regions: what may wait its turn, and what may not. */

const PAUSE_MILLISECONDS = 5000;
/**
 * @typedef {{ now: () => number, setTimeout: (run: () => void, milliseconds: number) => number,
 *     clearTimeout: (timer: number) => void }} Clock  now in milliseconds
 */

/** @type {Clock} */
const CLOCK = {
    now: () => performance.now(),
    setTimeout: (run, milliseconds) => window.setTimeout(run, milliseconds),
    clearTimeout: (timer) => window.clearTimeout(timer),
};

export class Announcer {
    #last = -Infinity;
    #waiting = "";
    #timer = 0;
    #clock;

    /** @param {Node} host gets the regions, and has the styles of theme.js @param {Clock} [clock] */
    constructor(host, clock = CLOCK) {
        this.#clock = clock;
        this.polite = region("polite");
        this.assertive = region("assertive");
        host.appendChild(this.polite);
        host.appendChild(this.assertive);
    }

    /** Told at most every five seconds; of those that wait, the newest. @param {string} text */
    say(text) {
        this.#waiting = text;
        if (this.#timer) return;
        const wait = this.#last + PAUSE_MILLISECONDS - this.#clock.now();
        if (wait <= 0) this.#speak();
        else this.#timer = this.#clock.setTimeout(() => this.#speak(), wait);
    }

    /** Told at once, in place of what is being read. @param {string} text */
    sayNow(text) {
        tell(this.assertive, text);
    }

    destroy() {
        this.#clock.clearTimeout(this.#timer);
        this.polite.remove();
        this.assertive.remove();
    }

    #speak() {
        this.#timer = 0;
        this.#last = this.#clock.now();
        tell(this.polite, this.#waiting);
    }
}

/** @param {"polite" | "assertive"} urgency @returns {HTMLElement} */
function region(urgency) {
    const made = document.createElement("div");
    made.setAttribute("role", urgency === "polite" ? "status" : "alert");
    made.setAttribute("aria-live", urgency);
    made.setAttribute("aria-atomic", "true");
    made.className = "visually-hidden";
    return made;
}

/** @param {HTMLElement} region @param {string} text */
function tell(region, text) {
    // The same words again are a change only with something that is not read.
    region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}
