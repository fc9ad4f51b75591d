/**
 * The canvas for keyboards and screen readers: one grid, of which the row in focus and its neighbours are
 * elements, each lying over its seat.
 *
 * @typedef {import("../map/model.js").Hall} Hall
 * @typedef {import("../map/list.js").Row} Row
 */
import { html, render, repeat } from "../vendor/lit.js";
import { Keys } from "../map/keys.js";
import { orderOf } from "../map/list.js";

// Cells to each side of the one in focus: enough for touch exploration, few enough for 100,000 seats.
const REACH = 12;
const SMALLEST_CELL = 24;
const SMALLEST_RADIUS = 6;
const MARGIN = 56;
const ZOOM = 1.5;
const SETTLE_MILLISECONDS = 120;

export class SeatGrid {
    #timer = 0;
    #gone = new AbortController();
    /** Where the person came into the section: this seat's name begins with the section's. */
    #entered = -1;
    /** @type {Set<number>} seats that are elements */
    #shown = new Set();

    /**
     * @param {HTMLElement} host positioned, and the one that the stage draws in
     * @param {Hall} hall
     * @param {import("../map/hit.js").Hit} hit
     * @param {import("../map/stage.js").Stage} stage
     * @param {(index: number) => string} describe
     * @param {(index: number) => void} onPick also for seats that are not free
     * @param {(id: string, args?: Record<string, string | number>) => string} t
     */
    constructor(host, hall, hit, stage, describe, onPick, t) {
        this.host = host;
        this.hall = hall;
        this.stage = stage;
        this.describe = describe;
        this.onPick = onPick;
        this.order = orderOf(hall);
        this.keys = new Keys(hall, this.order, hit);
        this.current = this.keys.entry();
        this.element = makeGrid(this.order, t);
        this.#listen();
        host.append(this.element);
        this.#render();
        this.#place();
    }

    /** Names and states anew. @param {Iterable<number> | null} indexes seats that changed; null: any */
    update(indexes) {
        for (const index of indexes ?? this.#shown) {
            if (this.#shown.has(index)) return this.#render();
        }
    }

    /** Focus to the seat where the person was, or begins. */
    focus() {
        this.#cell()?.focus({ preventScroll: true });
    }

    destroy() {
        clearTimeout(this.#timer);
        this.#gone.abort();
        this.element.remove();
    }

    #listen() {
        const { signal } = this.#gone;
        /** @param {EventTarget} target @param {string} name @param {(event: any) => void} run */
        const on = (target, name, run) => target.addEventListener(name, run, { signal });
        on(this.element, "keydown", (event) => this.#press(event));
        on(this.element, "focusin", (event) => this.#arrive(event));
        on(this.element, "focusout", () => this.stage.ring(null));
        // Pointers reach the canvas beneath; this is the press of a screen reader.
        on(this.element, "click", (event) => {
            event.stopPropagation();
            if (event.target.dataset.seat) this.onPick(Number(event.target.dataset.seat));
        });
        on(this.host, "stage-view", () => this.#settle());
        on(this.host, "stage-pick", ({ detail: { index } }) => {
            if (index === null) return;
            this.current = index;
            this.#render();
            this.#place();
        });
    }

    /** @param {KeyboardEvent} event */
    #press(event) {
        if (event.altKey || event.metaKey) return;
        const { key, ctrlKey } = event;
        const isFar = ctrlKey && (key === "Home" || key === "End");
        const next = ctrlKey && !isFar ? -1 : this.keys.move(this.current, key, isFar);
        if (next >= 0) this.#go(next);
        else if (ctrlKey || !this.#command(key)) return;
        event.preventDefault();
        event.stopPropagation();
    }

    /** @param {string} key @returns {boolean} whether it is a command */
    #command(key) {
        if (key === " " || key === "Enter") this.onPick(this.current);
        else if (key === "+" || key === "=") this.stage.zoomBy(ZOOM);
        else if (key === "-") this.stage.zoomBy(1 / ZOOM);
        else if (key === "0") this.stage.fit();
        else if (key === "Escape") this.host.dispatchEvent(new CustomEvent("grid-leave", { bubbles: true }));
        else return false;
        return true;
    }

    /** @param {number} index */
    #go(index) {
        if (this.hall.section[index] !== this.hall.section[this.current]) this.#entered = index;
        this.current = index;
        this.#reveal();
        this.#render();
        this.focus();
    }

    /** @param {FocusEvent} event */
    #arrive({ target, relatedTarget }) {
        const cell = /** @type {HTMLElement} */ (target);
        this.current = Number(cell.dataset.seat);
        if (!this.element.contains(/** @type {Node | null} */ (relatedTarget))) {
            this.#entered = this.current;
            const { r } = this.stage.toScreen(this.current);
            if (r < SMALLEST_RADIUS) this.stage.zoomTo({ index: this.current });
            else this.#reveal();
        }
        this.#render();
        this.#place();
        this.stage.ring(this.current);
        cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** Once a view stands still, cells go to where their seats are. */
    #settle() {
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => {
            if (this.element.matches(":focus-within")) this.#reveal();
            this.#place();
        }, SETTLE_MILLISECONDS);
    }

    /** Pan until the seat in focus is well inside, and under nothing that lies over the map. */
    #reveal() {
        const { clientWidth: width, clientHeight: height } = this.host;
        const { x, y } = this.stage.toScreen(this.current);
        let dx = inside(x, width) - x;
        let dy = inside(y, height) - y;
        if (this.#isCovered(x + dx, y + dy)) [dx, dy] = [width / 2 - x, height / 2 - y];
        if (dx || dy) this.stage.panBy(dx, dy);
    }

    /** @param {number} x @param {number} y @returns {boolean} */
    #isCovered(x, y) {
        const box = this.host.getBoundingClientRect();
        const root = /** @type {Document | ShadowRoot} */ (this.host.getRootNode());
        const top = root.elementFromPoint(box.left + x, box.top + y);
        return top !== null && top !== this.host && top !== this.host.querySelector("canvas");
    }

    #render() {
        const rows = this.#rows();
        this.#shown = new Set(rows.flatMap(({ seats }) => seats));
        const row = (/** @type {typeof rows[0]} */ { place, row, seats }) => html`
            <div role="row" aria-rowindex=${place + 1}>
                ${repeat(seats, (seat) => seat, (seat) => this.#cellOf(row, seat))}
            </div>`;
        render(repeat(rows, ({ place }) => place, row), this.element);
    }

    /** @param {Row} row @param {number} seat */
    #cellOf(row, seat) {
        const isChosen = this.hall.selected.has(seat);
        const isOut = !isChosen && !this.hall.isFree(seat);
        return html`<div role="gridcell" data-seat=${seat} tabindex=${seat === this.current ? 0 : -1}
            aria-colindex=${row.seats.indexOf(seat) + 1} aria-selected=${isChosen} aria-disabled=${isOut}
            aria-label=${this.#name(seat)}></div>`;
    }

    /** @param {number} seat @returns {string} */
    #name(seat) {
        const section = seat === this.#entered ? this.hall.sections[this.hall.section[seat]].name : null;
        const words = this.describe(seat);
        return section ? `${section}, ${words}` : words;
    }

    /** @returns {{ place: number, row: Row, seats: number[] }[]} what is in the document */
    #rows() {
        if (this.current < 0) return [];
        const { order } = this;
        const { section } = order.rowOf(this.current);
        const middle = order.places[this.current];
        const near = [middle - 1, middle, middle + 1];
        return near.filter((place) => order.rows[place]?.section === section).map((place) => {
            const row = order.rows[place];
            return { place, row, seats: this.#around(row.seats) };
        });
    }

    /** @param {number[]} seats of a row @returns {number[]} those beside the seat in focus */
    #around(seats) {
        const { x, y } = this.hall;
        const [midX, midY] = [x[this.current], y[this.current]];
        const away = (/** @type {number} */ seat) => Math.hypot(x[seat] - midX, y[seat] - midY);
        let nearest = 0;
        seats.forEach((seat, at) => {
            if (away(seat) < away(seats[nearest])) nearest = at;
        });
        return seats.slice(Math.max(0, nearest - REACH), nearest + REACH + 1);
    }

    #place() {
        /** @type {NodeListOf<HTMLElement>} */
        const cells = this.element.querySelectorAll("[data-seat]");
        for (const cell of cells) {
            const { x, y, r } = this.stage.toScreen(Number(cell.dataset.seat));
            const size = Math.max(SMALLEST_CELL, 2 * r);
            const { style } = cell;
            style.position = "absolute";
            style.outline = "none";
            style.scrollMarginBlockEnd = "var(--seatline-bar, 0px)";
            style.width = style.height = `${size}px`;
            style.left = `${x - size / 2}px`;
            style.top = `${y - size / 2}px`;
        }
    }

    /** @returns {HTMLElement | null} the one tab stop */
    #cell() {
        return this.element.querySelector('[tabindex="0"]');
    }
}

/** @param {number} at @param {number} extent @returns {number} the nearest place that is not at the edge */
function inside(at, extent) {
    const margin = Math.min(MARGIN, extent / 3);
    return Math.min(Math.max(at, margin), extent - margin);
}

/** @param {import("../map/list.js").Order} order @param {(id: string) => string} t @returns {HTMLElement} */
function makeGrid(order, t) {
    const grid = document.createElement("div");
    const attributes = {
        "role": "grid",
        "aria-label": t("grid-name"),
        "aria-description": t("grid-keys"),
        "aria-multiselectable": "true",
        "aria-rowcount": String(order.rows.length),
        "aria-colcount": String(order.longest),
    };
    for (const [name, value] of Object.entries(attributes)) grid.setAttribute(name, value);
    // Clipped and not scrolled: the view moves by the stage alone.
    Object.assign(grid.style, { position: "absolute", inset: "0", overflow: "clip", pointerEvents: "none" });
    return grid;
}
