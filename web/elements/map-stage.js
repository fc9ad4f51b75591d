import { late } from "../map/late.js";
import { Stage } from "../map/stage.js";

const GAP = 14;

/** The canvas of a map, its keyboard grid and its tooltip, and what they ask of the map. */
export class MapStage {
    #gone = new AbortController();
    /** @type {import("./seat-grid.js").SeatGrid | null} */ #grid = null;

    /**
     * @param {import("./map-view.js").MapView} map ready
     * @param {HTMLElement} host
     * @param {HTMLElement} tip
     */
    constructor(map, host, tip) {
        const { hall } = map.session;
        this.map = map;
        this.host = host;
        this.tip = tip;
        const section = (/** @type {any} */ one) => map.names.lines(one);
        const texts = { hint: map.speech.t("zoom-hint"), section };
        this.stage = new Stage(host, hall, { texts });
        this.#listen();
        this.#admit(true);
        void late(() => import("./seat-grid.js"), this.#gone.signal, ({ SeatGrid }) => this.#build(SeatGrid));
    }

    /** @param {number[] | null} indexes null: any may have changed */
    update(indexes) {
        this.stage.update(indexes);
        this.#grid?.update(indexes);
    }

    destroy() {
        this.#gone.abort();
        this.#admit(false);
        this.#grid?.destroy();
        this.stage.destroy();
    }

    /** @param {typeof import("./seat-grid.js").SeatGrid} SeatGrid */
    #build(SeatGrid) {
        const { map, host, stage } = this;
        const describe = (/** @type {number} */ index) => map.names.full(index);
        const pick = (/** @type {number} */ index) => map.pick(index);
        this.#grid = new SeatGrid(host, map.session.hall, stage.hit, stage, describe, pick, map.speech.t);
        if (host.matches(":focus")) this.#grid.focus();
        this.#admit(false);
    }

    /** @param {boolean} isOpen whether the keyboard comes to the map while its grid is not there */
    #admit(isOpen) {
        const attributes = { "tabindex": "0", "role": "group", "aria-label": this.map.speech.t("grid-name") };
        for (const [name, value] of Object.entries(attributes)) {
            if (isOpen) this.host.setAttribute(name, value);
            else this.host.removeAttribute(name);
        }
    }

    #listen() {
        const { signal } = this.#gone;
        /** @param {string} name @param {(detail: any) => void} run */
        const on = (name, run) =>
            this.host.addEventListener(name, (event) => run(/** @type {CustomEvent} */ (event).detail), { signal });
        on("stage-pick", ({ index, pointer }) => this.#pick(index, pointer));
        on("stage-section", ({ section }) => this.map.enter(section));
        on("stage-hover", (detail) => this.#hover(detail));
        on("stage-theme", () => this.map.requestUpdate());
        this.host.addEventListener("keydown", (event) => {
            if (event.key === "Escape") this.#hover({ index: null });
        }, { signal });
        this.host.addEventListener("grid-leave", () => this.map.leave(), { signal });
        this.host.addEventListener("pointerleave", () => this.#hover({ index: null }), { signal });
    }

    /** @param {number | null} index @param {string} pointer */
    #pick(index, pointer) {
        // A finger covers what it touches, so its seat is confirmed on a card.
        if (index === null) this.map.openCard(null);
        else if (pointer === "mouse") this.map.pick(index);
        else this.map.openCard({ index });
    }

    /** @param {{index: number | null, x?: number, y?: number}} detail */
    #hover({ index, x = 0, y = 0 }) {
        const { tip, host, map } = this;
        tip.hidden = index === null;
        if (index === null) return;
        const { hall } = map.session;
        const free = hall.isFree(index) && !hall.selected.has(index);
        const words = [map.names.seat(index), map.names.sectionOf(index).name, map.names.price(index)];
        tip.textContent = [...words, free ? "" : map.names.state(index)].filter(Boolean).join(" · ");
        const left = Math.min(Math.max(x - tip.offsetWidth / 2, 4), host.clientWidth - tip.offsetWidth - 4);
        const top = y - tip.offsetHeight - GAP < 0 ? y + GAP : y - tip.offsetHeight - GAP;
        tip.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(top)}px)`);
    }
}
