/** One frame of the map: areas, seats from their tiles, sections, and what is marked. */

import { colorKinds, inkOn } from "./colors.js";
import { Ground, Hulls } from "./hulls.js";
import { findCover, findLevel } from "./levels.js";
import { DIMMED, SELECTED } from "./sprites.js";
import { Layer } from "./tiles.js";

/** @import {Theme} from "./colors.js" */
/** @import {Hit} from "./hit.js" */
/** @import {Bounds} from "./areas.js" */
/** @import {Hall, Section} from "./model.js" */
/** @import {Looks} from "./tiles.js" */

// Of a frame, for tiles that come into view.
const BUDGET_MS = 3;
// Tiles of another scale are stretched as far before new ones are made; while the scale changes, at least.
const MOST_STRETCH = 2;
// So many changes at once are drawn tile by tile.
const MANY = 400;

/** @typedef {{k: number, x: number, y: number}} View screen = hall * k + (x, y), in CSS pixels */

export class Painter {
    /** @type {number | null} the seat under the keyboard's focus */
    ring = null;
    /** @type {number | null} the seat under the pointer */
    hover = null;
    /** @type {Set<number>} seats to be drawn again */
    #dirty = new Set();
    /** @type {Layer | null} whole, of the present scale or of one before */
    #front = null;
    /** @type {Layer | null} of the present scale, until it is whole */
    #next = null;

    /**
     * @param {HTMLCanvasElement} canvas @param {Hall} hall @param {Hit} hit
     * @param {Theme} theme @param {(section: Section) => string[]} describe
     */
    constructor(canvas, hall, hit, theme, describe) {
        this.canvas = canvas;
        this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
        this.hall = hall;
        this.hit = hit;
        const colors = colorKinds(hall.kinds, theme);
        this.looks = { look: new Uint8Array(hall.count), colors, inks: colors.map(inkOn), theme };
        this.ground = new Ground(hall, theme);
        this.hulls = new Hulls(hall, this.looks, describe);
        this.update(null);
    }

    /** Makes every bitmap anew. */
    forget() {
        this.#front = this.#next = null;
    }

    /** @param {Iterable<number> | null} indexes of seats whose state, choice or filter changed; null: all */
    update(indexes) {
        const { status, selected, dimmed, count } = this.hall;
        const { look } = this.looks;
        if (!indexes) {
            for (let i = 0; i < count; i++) look[i] = status[i] + dimmed[i] * DIMMED;
            for (const i of selected) look[i] = SELECTED;
            this.#invalidate();
            return;
        }
        for (const i of indexes) {
            const found = selected.has(i) ? SELECTED : status[i] + dimmed[i] * DIMMED;
            if (found !== look[i]) this.#dirty.add(i);
            look[i] = found;
        }
    }

    /**
     * @param {View} view @param {number} ratio device pixels a CSS pixel
     * @param {boolean} moving whether the scale still changes
     * @param {number} [budget] milliseconds for tiles that are missing
     * @returns {boolean} whether more frames are needed
     */
    draw(view, ratio, moving, budget = BUDGET_MS) {
        const { canvas, context, hall } = this;
        const until = performance.now() + budget;
        const pitch = hall.pitch * view.k;
        const cover = findCover(pitch, hall.sections.length);
        const waiting = cover === 1 ? this.#rest() : this.#prepare(view, ratio, moving, until);
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.fillStyle = this.looks.theme.background;
        context.fillRect(0, 0, canvas.width, canvas.height);
        const inView = this.#findInView(view, ratio);
        this.ground.draw(context, view, ratio, inView);
        for (const layer of [this.#front, this.#next]) if (layer) this.#drawTiles(layer, view, ratio);
        this.hulls.draw(context, view, ratio, cover, inView);
        if (cover < 1) this.#mark(view, ratio);
        return waiting;
    }

    /** No seats are drawn. */
    #rest() {
        this.forget();
        this.#dirty.clear();
        return false;
    }

    #invalidate() {
        this.#dirty.clear();
        for (const layer of [this.#front, this.#next]) layer?.invalidate();
    }

    /** @param {View} view @param {number} ratio @param {boolean} moving @param {number} until */
    #prepare(view, ratio, moving, until) {
        const scale = view.k * ratio;
        if (this.#dirty.size > MANY) this.#invalidate();
        for (const index of this.#dirty) for (const layer of [this.#front, this.#next]) layer?.redraw(index);
        this.#dirty.clear();
        const newest = this.#next ?? this.#front;
        const stretch = newest ? Math.max(scale / newest.scale, newest.scale / scale) : Infinity;
        if (stretch > MOST_STRETCH || (stretch !== 1 && !moving)) {
            const labelled = findLevel(this.hall.pitch * view.k, this.hall.sections.length) === "labels";
            this.#next = new Layer(this.hall, this.hit, this.looks, scale, labelled);
            this.#front ??= this.#next;
        }
        const layer = /** @type {Layer} */ (this.#next ?? this.#front);
        const box = this.#findBox(layer, view, ratio);
        const ready = layer.prepare(box, until);
        if (ready) {
            this.#front = layer;
            this.#next = null;
            layer.trim(box);
        }
        return !ready;
    }

    /** @param {Layer} layer @param {View} view @param {number} ratio */
    #findBox({ scale }, view, ratio) {
        const each = scale / (view.k * ratio);
        const [left, top] = [-Math.round(view.x * ratio) * each, -Math.round(view.y * ratio) * each];
        return { left, top, right: left + this.canvas.width * each, bottom: top + this.canvas.height * each };
    }

    /** @param {View} view @param {number} ratio */
    #findInView(view, ratio) {
        const scale = view.k * ratio;
        const [left, top] = [-view.x / view.k, -view.y / view.k];
        const [right, bottom] = [left + this.canvas.width / scale, top + this.canvas.height / scale];
        return (/** @type {Bounds} */ box) =>
            box.maxX >= left && box.minX <= right && box.maxY >= top && box.minY <= bottom;
    }

    /** @param {Layer} layer @param {View} view @param {number} ratio */
    #drawTiles(layer, view, ratio) {
        const context = this.context;
        const stretch = (view.k * ratio) / layer.scale;
        // Whole pixels, or every tile would be blurred.
        context.setTransform(stretch, 0, 0, stretch, Math.round(view.x * ratio), Math.round(view.y * ratio));
        for (const [x, y] of layer.list(this.#findBox(layer, view, ratio))) {
            const tile = layer.tiles.get(`${x},${y}`);
            if (tile) context.drawImage(tile.canvas, tile.left, tile.top);
        }
        context.setTransform(1, 0, 0, 1, 0, 0);
    }

    /** @param {View} view @param {number} ratio */
    #mark(view, ratio) {
        const { theme } = this.looks;
        for (const [index, width] of /** @type {const} */ ([[this.hover, 2], [this.ring, 3]])) {
            if (index === null) continue;
            const x = (this.hall.x[index] * view.k + view.x) * ratio;
            const y = (this.hall.y[index] * view.k + view.y) * ratio;
            const radius = Math.max(this.hall.pitch * view.k * 0.5 + 2, 7) * ratio;
            const lines = /** @type {const} */ ([[theme.background, width + 3], [theme.text, width]]);
            for (const [color, line] of lines) {
                this.context.beginPath();
                this.context.arc(x, y, radius, 0, 7);
                this.context.strokeStyle = color;
                this.context.lineWidth = line * ratio;
                this.context.stroke();
            }
        }
    }
}
