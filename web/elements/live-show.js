import { SeatFeed } from "../client/feed.js";
import { Hall } from "../map/model.js";

// A browser's timers wrap after 24 days.
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One show as it is now: hall, states that keep themselves up to date, sales. It knows no DOM.
 *
 * Events: "seats" {indexes, null for all} whose state changed; "link"; "show"; "notice".
 */
export class LiveShow extends EventTarget {
    /** @type {any} */ show = null;
    /** @type {any} */ hall = null;
    /** @type {"live" | "polling" | "offline"} */ link = "live";
    /** @type {AbortController} */ #stopped = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #boundary;

    /**
     * @param {import("../client/api.js").Seatline} api
     * @param {number | string} showId
     */
    constructor(api, showId) {
        super();
        this.api = api;
        this.showId = showId;
        this.feed = new SeatFeed(api, showId);
    }

    /** @returns {AbortSignal} */
    get stopped() {
        return this.#stopped.signal;
    }

    /** @returns {Promise<void>} once hall and states are there; raises Problem */
    async load() {
        const signal = this.stopped;
        const { events, first } = this.#listen();
        this.feed.start();
        const read = [this.api.getShow(this.showId, { signal }), this.api.getLayout(this.showId, { signal })];
        const [[show, layout]] = await Promise.all([Promise.all(read), first]);
        if (signal.aborted) return;
        this.hall = new Hall(layout);
        for (const event of events.splice(0)) this.#take(event);
        this.#setShow(show);
    }

    stop() {
        this.#stopped.abort();
        this.feed.stop();
        clearTimeout(this.#boundary);
    }

    /** @returns {"open" | "before" | "closed" | "cancelled" | "sold-out"} */
    get sale() {
        if (!this.show || this.show.status === "on_sale") return this.soldOut ? "sold-out" : "open";
        return this.show.status === "scheduled" ? "before" : this.show.status;
    }

    /** @returns {boolean} */
    get soldOut() {
        return this.hall?.sections.every((/** @type {any} */ section) => section.free === 0) ?? false;
    }

    /** Read the show again: its sales open, close, or were cancelled. */
    async refresh() {
        const show = await this.api.getShow(this.showId, { signal: this.stopped }).catch(() => null);
        if (show) this.#setShow(show);
    }

    /** Called after states changed. */
    look() {}

    /** @param {string} type @param {any} [detail] */
    tell(type, detail = {}) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #listen() {
        /** @type {Event[]} */
        const events = [];
        const first = new Promise((resolve, reject) => {
            this.feed.addEventListener("states", resolve, { once: true });
            this.feed.addEventListener("error", (event) => {
                reject(/** @type {CustomEvent} */ (event).detail.problem);
            });
        });
        const hear = (/** @type {Event} */ event) => {
            if (this.stopped.aborted) return;
            if (this.hall) this.#take(event);
            else events.push(event);
        };
        this.feed.addEventListener("states", hear);
        this.feed.addEventListener("changes", hear);
        this.feed.addEventListener("link", (event) => {
            this.link = /** @type {CustomEvent} */ (event).detail.state;
            this.tell("link");
        });
        return { events, first };
    }

    /** @param {Event} event "states" or "changes" of the feed */
    #take(event) {
        const { states, changes } = /** @type {CustomEvent} */ (event).detail;
        if (states) this.hall.setStates(states);
        this.tell("seats", { indexes: states ? null : this.hall.apply(changes) });
        this.look();
    }

    /** @param {any} show */
    #setShow(show) {
        this.show = show;
        this.tell("show");
        clearTimeout(this.#boundary);
        if (this.sale !== "before" && show.status !== "on_sale") return;
        const next = this.sale === "before" ? show.sales_open_at : show.sales_close_at ?? show.start_time;
        // The service's clock may be a little behind this one.
        const wait = Math.max(Date.parse(next) - Date.now(), 1000) + 500;
        if (wait < LONGEST_TIMER) this.#boundary = setTimeout(() => this.refresh(), wait);
    }
}
