import { LitElement, createRef } from "../vendor/lit.js";
import { Seatline } from "../client/api.js";
import { Announcer } from "./announcer.js";
import { late } from "../map/late.js";
import { hear } from "./map-news.js";
import { MapStage } from "./map-stage.js";
import { mapStyle } from "./map-style.js";
import { SeatNames } from "./seat-names.js";
import { SeatSession } from "./seat-session.js";
import { loadTexts, localeOf } from "./texts.js";
import { theme } from "./theme.js";

const RENDER_PAUSE_MILLISECONDS = 400;
const PARTY = 2;

/** How seatline-map comes and goes, and what happens to it. What a host may call is in seatline-map.js. */
export class MapView extends LitElement {
    static styles = [theme, mapStyle];
    static properties = {
        view: { state: true },
        party: { state: true },
        filter: { state: true },
        card: { state: true },
        problem: { state: true },
        stage: { state: true },
        notices: { state: true },
    };

    /** @type {Announcer | null} */ announcer = null;
    /** @type {any} a SeatSession */ session = null;
    /** @type {any} Texts */ speech = null;
    /** @type {any} SeatNames */ names = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;
    /** @type {ReturnType<typeof setInterval> | undefined} */ #countdown;
    /** @type {string[]} seats to choose once loaded */ #kept = [];
    /** Another number whenever seats have changed. */ revision = 0;
    /** @type {Element | null} had the focus before the update */ #focused = null;
    /** @type {Element | null} opened the card */ #opener = null;
    #isReady = false;
    host = createRef();
    tip = createRef();

    constructor() {
        super();
        /** @type {string | null} */ this.show = null;
        /** @type {string | null} */ this.origin = null;
        /** @type {string | null} */ this.locale = null;
        /** @type {number | null} */ this.max = null;
        /** @type {string | null} */ this.customer = null;
        /** @type {Record<string, string>} */ this.texts = {};
        /** @type {"map" | "list"} */ this.view = "map";
        this.party = PARTY;
        this.filter = { price: "", section: "" };
        /** @type {(() => unknown) | null} draws it where one is open */ this.card = null;
        /** @type {any} a Problem that leaves nothing to show */ this.problem = null;
        /** @type {MapStage | null} */ this.stage = null;
        /** @type {((map: MapView) => unknown) | null} draws them, once fetched */ this.notices = null;
    }

    connectedCallback() {
        super.connectedCallback();
        this.announcer ??= new Announcer(this.renderRoot);
        void this.#start();
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        this.#kept = this.numbers;
        this.#stop();
    }

    /** @param {Map<string, unknown>} changed */
    willUpdate(changed) {
        if (this.hasUpdated && ["show", "origin", "customer"].some((name) => changed.has(name))) {
            this.#stop();
            void this.#start();
        } else if (this.hasUpdated && (changed.has("locale") || changed.has("texts"))) void this.#restyle();
        if (changed.has("max") && this.session) this.session.options.max = this.max;
        this.#focused = this.shadowRoot?.activeElement ?? null;
    }

    /** @param {Map<string, unknown>} _changed */
    updated(_changed) {
        const host = /** @type {HTMLElement | undefined} */ (this.host.value);
        if (host && this.names && !this.stage) {
            this.stage = new MapStage(this, host, /** @type {HTMLElement} */ (this.tip.value));
        }
        if (this.names && !this.#isReady) {
            this.#isReady = true;
            this.changed("ready", { show: this.session.show });
            if (this.session.booking) this.changed("held", { booking: this.session.booking });
        }
        this.#refocus();
    }

    /** What had the focus may be gone: it goes where the outcome is told, and not to the top of the page. */
    #refocus() {
        const before = this.#focused;
        if (!before || (before.isConnected && !before.matches(":disabled"))) return;
        const title = this.renderRoot.querySelector("#basket-title");
        const next = this.#opener?.isConnected ? this.#opener : title;
        /** @type {HTMLElement | null} */ (next)?.focus();
    }

    /** @returns {string[]} numbers of the chosen seats */
    get numbers() {
        return this.session?.chosen.map((/** @type {number} */ index) => this.session.hall.numbers[index]) ?? [];
    }

    // ---- Coming and going

    async #start() {
        if (!this.isConnected || this.session || !this.show) return;
        this.problem = null;
        const api = new Seatline(this.origin ?? new URL(import.meta.url).origin);
        const session = new SeatSession(api, this.show, { max: this.max, customer: this.customer });
        this.session = session;
        hear(this, session);
        this.#countdown = setInterval(() => session.sale === "before" && this.requestUpdate(), 1000);
        const spoken = this.#speak();
        try {
            await Promise.all([spoken, session.load()]);
        } catch (problem) {
            // What went wrong is told in words where there are any.
            await spoken.catch(() => {});
            if (this.session === session) this.#fail(problem);
            return;
        }
        if (this.session !== session) return;
        this.names = new SeatNames(this.speech, session.hall, session.show);
        if (!session.locked && this.#kept.length) session.choose(this.indexesOf(this.#kept.splice(0)));
        this.requestUpdate();
        void late(() => import("./map-notice.js"), session.stopped, ({ notices }) => (this.notices = notices));
    }

    #stop() {
        this.session?.stop();
        this.stage?.destroy();
        clearTimeout(this.#later);
        clearInterval(this.#countdown);
        this.session = this.stage = this.names = this.card = null;
        this.#later = undefined;
        this.#isReady = false;
        this.filter = { price: "", section: "" };
    }

    /** @param {any} problem */
    #fail(problem) {
        this.session.stop();
        this.session = null;
        this.problem = problem;
        this.changed("error", { problem });
    }

    again = () => {
        this.#stop();
        void this.#start();
    };

    async #speak() {
        this.speech = await loadTexts(this.locale || localeOf(this), "map", this.texts ?? {});
    }

    /** The map in another language; the grid's names are made once. */
    async #restyle() {
        await this.#speak();
        this.requestUpdate();
        if (!this.session?.hall) return;
        this.names = new SeatNames(this.speech, this.session.hall, this.session.show);
        this.stage?.destroy();
        this.stage = null;
    }

    /** Counts in texts follow the seats, at a pace that leaves the time to the map. */
    soon() {
        this.revision += 1;
        this.#later ??= setTimeout(() => {
            this.#later = undefined;
            this.requestUpdate();
        }, RENDER_PAUSE_MILLISECONDS);
    }

    /** @param {string} type without "seatline-" @param {any} detail */
    changed(type, detail) {
        this.dispatchEvent(new CustomEvent(`seatline-${type}`, { detail, bubbles: true, composed: true }));
    }

    // ---- What its parts ask for

    /** @param {string[]} numbers @returns {number[]} */
    indexesOf(numbers) {
        return numbers.map((number) => this.session.hall.indexOf(number)).filter((index) => index >= 0);
    }

    /** @param {number} index choose a seat, or no longer */
    pick(index) {
        const { session, names, speech } = this;
        if (!session.toggle(index)) return;
        const seat = names.seat(index);
        const total = speech.money(session.amount, session.show.currency);
        const text = session.hall.selected.has(index)
            ? speech.t("chosen-seat", { seat, total, count: session.chosen.length })
            : speech.t("removed-seat", { seat });
        this.announcer?.say(text);
    }

    /** @param {{index: number} | {section: number} | null} what */
    async openCard(what) {
        this.#opener = what ? this.shadowRoot?.activeElement ?? null : this.#opener;
        const { session } = this;
        const draw = what && (await import("./map-card.js")).card;
        if (this.session !== session) return;
        this.card = draw && (() => draw(/** @type {any} */ (this), what));
        await this.updateComplete;
        const card = this.renderRoot.querySelector(".card");
        card?.scrollIntoView({ block: "nearest" });
        if (what && "section" in what) /** @type {HTMLElement | null} */ (card?.querySelector("input"))?.focus();
    }

    /** @param {any} section that was pressed on the map */
    enter(section) {
        if (!section.numbered) void this.openCard({ section: this.session.hall.sections.indexOf(section) });
    }

    /** From the map to what comes after it. */
    leave() {
        /** @type {HTMLElement | null} */ (this.renderRoot.querySelector("#basket-title"))?.focus();
    }

    /** @param {string} what "price" or "section" @param {string} value "" for any */
    filterBy(what, value) {
        this.filter = { ...this.filter, [what]: value };
        const { hall } = this.session;
        const { price, section } = this.filter;
        const most = price === "" ? Infinity : Number(price);
        const within = section === "" ? -1 : Number(section);
        const fits = (/** @type {number} */ index) =>
            hall.price[index] <= most && (within < 0 || hall.section[index] === within);
        hall.filter = price === "" && section === "" ? null : fits;
        this.stage?.update(null);
        this.revision += 1;
        if (what === "section" && within >= 0) this.stage?.stage.zoomTo({ section: within });
        else if (what === "section") this.stage?.stage.fit();
    }

    /** @param {"map" | "list"} view @param {boolean} [focus] */
    async turnTo(view, focus = false) {
        this.view = view;
        if (view === "list") await import("./seat-list.js");
        await this.updateComplete;
        if (focus) /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(`#tab-${view}`))?.focus();
    }
}
