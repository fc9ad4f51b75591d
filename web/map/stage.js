/** The map in one element: canvases, what moves them, and what they tell the page. No network. */

import { findBox } from "./areas.js";
import { readTheme } from "./colors.js";
import { Painter } from "./draw.js";
import { Hit } from "./hit.js";
import { late } from "./late.js";
import { findLevel } from "./levels.js";
import { followPointer } from "./pointer.js";
import { setStyle } from "./style.js";
import { View } from "./view.js";

/** @import {Theme} from "./colors.js" */
/** @import {Controls} from "./controls.js" */
/** @import {Hall, Section} from "./model.js" */

const SETTLED_MS = 120;
const KEPT_FRAMES = 5000;
// Distance of neighbouring seats in CSS pixels that zoomTo comes to, at least and at most.
const FAR = 12;
const NEAR = 30;
const PRINTED = { background: "#fff", surface: "#fff", text: "#000", muted: "#555", line: "#999" };
const THEMED_BY = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

/**
 * @typedef {object} Texts
 * @property {string} [hint] shown to those who scroll over the map
 * @property {(section: Section) => string[]} [section] lines written on a section, the most important first
 */

export class Stage {
    #frame = 0;
    #frames = 0;
    /** @type {number[]} */
    #scriptMs = [];
    #spent = 0;
    #ratio = 1;
    #hidden = true;
    #settling = 0;
    #lastScale = 0;
    /** @type {any} the view that was told of */
    #told = null;
    /** @type {Controls | null} once there is a picture to move */
    #controls = null;
    #stop = new AbortController();
    #canvas = document.createElement("canvas");
    #observer = new ResizeObserver(() => this.#resize());

    /**
     * Events on the host: `stage-pick`, `stage-hover`, `stage-section` (zooms unless prevented),
     * `stage-view`, `stage-theme`.
     * @param {HTMLElement} host positioned, with a size of its own @param {Hall} hall
     * @param {{theme?: Partial<Theme>, texts?: Texts}} [options]
     */
    constructor(host, hall, { theme, texts = {} } = {}) {
        this.host = host;
        this.hall = hall;
        this.hit = new Hit(hall);
        this.theme = theme;
        this.describe = texts.section ?? describeSection;
        this.#canvas.setAttribute("aria-hidden", "true");
        setStyle(this.#canvas, { position: "absolute", inset: "0", width: "100%", height: "100%" });
        host.prepend(this.#canvas);
        this.painter = this.#makePainter(theme);
        const { signal } = this.#stop;
        this.view = new View(host, hall, () => this.#moved(), signal);
        followPointer(this, signal);
        this.#listen(signal);
        this.#resize();
        void late(() => import("./controls.js"), signal, ({ Controls }) => {
            this.#controls = new Controls(this, texts.hint ?? "Use Ctrl and the wheel to zoom", signal);
            this.#request();
        });
    }

    /** @param {Iterable<number> | null} indexes of seats that look otherwise now; null: all of them */
    update(indexes) {
        const start = performance.now();
        this.painter.update(indexes);
        this.#spent += performance.now() - start;
        this.#request();
    }

    /** @param {Partial<Theme>} [theme] goes before the custom properties */
    setTheme(theme = this.theme) {
        this.theme = theme;
        this.#paintAnew(theme);
        this.tell("stage-theme", {});
    }

    /** What seats are drawn with: `colors` by kind, and `theme`. */
    get looks() {
        return this.painter.looks;
    }

    /** CSS pixels a unit of the hall. */
    get scale() {
        return this.view.transform.k;
    }

    get level() {
        return findLevel(this.hall.pitch * this.scale, this.hall.sections.length);
    }

    /** Whether nothing waits to be drawn, and hands can move it. */
    get idle() {
        return Boolean(this.#controls) && !this.#frame && !this.#settling && !this.view.moving;
    }

    fit() {
        this.view.fit();
    }

    /** @param {number} factor */
    zoomBy(factor) {
        this.view.zoomBy(factor);
    }

    /** @param {number} dx CSS pixels @param {number} dy */
    panBy(dx, dy) {
        this.view.panBy(dx, dy);
    }

    /** @param {{section?: Section | number, seats?: number[], index?: number}} what */
    zoomTo({ section, seats, index }) {
        const { sections, x, y } = this.hall;
        const found = typeof section === "number" ? sections[section] : section;
        const points = found ? found.hull : (seats ?? [index ?? -1]).map((seat) => [x[seat], y[seat]]);
        const placed = points.filter((point) => Number.isFinite(point[0]));
        if (placed.length) this.view.show(findBox(placed), FAR, NEAR);
    }

    /** @param {number | null} index of the seat under the keyboard's focus */
    ring(index) {
        this.painter.ring = index;
        this.#request();
    }

    /** @param {number | null} index of the seat under the pointer @returns {boolean} whether it is another */
    hover(index) {
        if (this.painter.hover === index) return false;
        this.painter.hover = index;
        setStyle(this.#canvas, { cursor: index === null ? "" : "pointer" });
        this.#request();
        return true;
    }

    /** @param {number} index @returns {{x: number, y: number, r: number}} from the host's corner */
    toScreen(index) {
        const [x, y] = this.view.transform.apply([this.hall.x[index], this.hall.y[index]]);
        return { x, y, r: (this.hall.pitch * this.scale) / 2 };
    }

    /** @param {number} x CSS pixels from the host's corner @param {number} y @returns {[number, number]} */
    toHall(x, y) {
        return this.view.transform.invert([x, y]);
    }

    /** @returns {{frames: number, scriptMs: number[]}} how many were drawn, and what the last of them took */
    stats() {
        return { frames: this.#frames, scriptMs: this.#scriptMs.slice() };
    }

    /** @param {string} type @param {any} detail @returns {boolean} whether nothing prevented it */
    tell(type, detail) {
        return this.host.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));
    }

    destroy() {
        this.#stop.abort();
        this.#observer.disconnect();
        cancelAnimationFrame(this.#frame);
        clearTimeout(this.#settling);
        this.#canvas.remove();
    }

    /** @param {Partial<Theme>} [theme] */
    #makePainter(theme) {
        const found = readTheme(this.host, this.#canvas, theme);
        return new Painter(this.#canvas, this.hall, this.hit, found, this.describe);
    }

    /** @param {Partial<Theme>} [theme] */
    #paintAnew(theme) {
        const { ring, hover } = this.painter;
        this.painter = Object.assign(this.#makePainter(theme), { ring, hover });
        this.#controls?.minimap.forget();
        this.#request();
    }

    /** @param {AbortSignal} signal */
    #listen(signal) {
        /** @param {EventTarget} target @param {string} type @param {() => void} act */
        const on = (target, type, act) => target.addEventListener(type, act, { signal });
        this.#observer.observe(this.host);
        on(this.#canvas, "contextrestored", () => this.#paintAnew(this.theme));
        on(window, "beforeprint", () => {
            this.#paintAnew({ ...this.theme, ...PRINTED });
            this.#draw(Infinity);
        });
        on(window, "afterprint", () => this.#paintAnew(this.theme));
        for (const query of THEMED_BY) on(matchMedia(query), "change", () => this.setTheme());
        this.#watchRatio(signal);
    }

    /** A query of one resolution fires once, when it is left. @param {AbortSignal} signal */
    #watchRatio(signal) {
        const left = () => {
            this.#resize();
            this.#watchRatio(signal);
        };
        const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
        query.addEventListener("change", left, { once: true, signal });
    }

    #resize() {
        const { clientWidth: width, clientHeight: height } = this.host;
        this.#hidden = !width || !height;
        if (this.#hidden) return;
        this.#ratio = devicePixelRatio;
        const [across, down] = [Math.round(width * this.#ratio), Math.round(height * this.#ratio)];
        const { view } = this;
        if (this.#canvas.width === across && this.#canvas.height === down && view.width === width) {
            this.#request();
            return;
        }
        Object.assign(this.#canvas, { width: across, height: down });
        view.resize(width, height);
        // A canvas of another size is empty: it is drawn before it is shown.
        this.#draw();
    }

    #moved() {
        if (this.scale !== this.#lastScale) {
            this.#lastScale = this.scale;
            clearTimeout(this.#settling);
            this.#settling = setTimeout(() => {
                this.#settling = 0;
                this.#request();
            }, SETTLED_MS);
        }
        this.#request();
    }

    #request() {
        if (this.#frame || this.#hidden) return;
        this.#frame = requestAnimationFrame(() => {
            this.#frame = 0;
            if (!this.#hidden) this.#draw();
        });
    }

    /** @param {number} [budget] */
    #draw(budget) {
        const start = performance.now();
        const { view } = this;
        const isPartial = this.painter.draw(view.transform, this.#ratio, Boolean(this.#settling), budget);
        this.#controls?.draw(this.#ratio);
        if (this.#told !== view.transform) {
            this.#told = view.transform;
            this.tell("stage-view", { level: this.level, k: this.scale });
        }
        this.#frames++;
        this.#scriptMs.push(performance.now() - start + this.#spent);
        if (this.#scriptMs.length > KEPT_FRAMES) this.#scriptMs.shift();
        this.#spent = 0;
        if (isPartial) this.#request();
    }
}

/** @param {Section} section @returns {string[]} */
function describeSection({ name, low, free, capacity }) {
    return [name ?? "", (low / 100).toFixed(2), `${Math.round((100 * free) / capacity)} %`];
}
