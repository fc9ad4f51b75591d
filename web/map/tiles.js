/** Bitmaps of the seats at one scale, made when they come into view; a changed seat is drawn in its place. */

import { drawLabel, Sprites, TILE } from "./sprites.js";

/** @import {Theme} from "./colors.js" */
/** @import {Hit} from "./hit.js" */
/** @import {Hall} from "./model.js" */

/**
 * @typedef {object} Tile
 * @property {number} left in the layer's pixels
 * @property {number} top
 * @property {OffscreenCanvas} canvas
 * @property {OffscreenCanvasRenderingContext2D} context
 * @property {ImageData} image
 * @property {Uint32Array} pixels of the image
 * @property {boolean} stale
 */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */
/**
 * @typedef {object} Looks
 * @property {Uint8Array} look by seat
 * @property {string[]} colors by kind
 * @property {string[]} inks by kind
 * @property {Theme} theme
 */

export class Layer {
    /**
     * @param {Hall} hall @param {Hit} hit @param {Looks} looks
     * @param {number} scale device pixels a unit of the hall @param {boolean} labelled with numbers on seats
     */
    constructor(hall, hit, looks, scale, labelled) {
        this.scale = scale;
        this.labelled = labelled;
        this.hall = hall;
        this.hit = hit;
        this.looks = looks;
        this.sprites = new Sprites(hall.pitch * scale, looks.colors, looks.theme);
        /** @type {Map<string, Tile | null>} null where a tile has no seat */
        this.tiles = new Map();
    }

    /** @param {Box} box in the layer's pixels @returns {[number, number][]} its tiles, middle ones first */
    list(box) {
        const { bounds } = this.hall;
        const within = (/** @type {number} */ value, /** @type {number} */ min, /** @type {number} */ max) =>
            Math.floor(Math.min(Math.max(value, min * this.scale - TILE), max * this.scale + TILE) / TILE);
        const [left, right] = [box.left, box.right].map((value) => within(value, bounds.minX, bounds.maxX));
        const [top, bottom] = [box.top, box.bottom].map((value) => within(value, bounds.minY, bounds.maxY));
        /** @type {[number, number][]} */
        const found = [];
        for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) found.push([x, y]);
        const far = (/** @type {[number, number]} */ [x, y]) =>
            Math.abs(2 * x - left - right) + Math.abs(2 * y - top - bottom);
        return found.sort((a, b) => far(a) - far(b));
    }

    /**
     * Makes what is missing of a box until the time is over, and at least one tile.
     * @param {Box} box @param {number} until by performance.now() @returns {boolean} whether all is there
     */
    prepare(box, until) {
        let made = 0;
        for (const [x, y] of this.list(box)) {
            const tile = this.tiles.get(`${x},${y}`);
            if (tile === null || (tile && !tile.stale)) continue;
            if (made++ && performance.now() > until) return false;
            this.#make(x, y, tile);
        }
        return true;
    }

    /** Forgets the tiles that lie more than one tile away from a box. @param {Box} box */
    trim(box) {
        for (const [key, tile] of this.tiles) {
            const [left, top] = tile ? [tile.left, tile.top] : key.split(",").map((n) => Number(n) * TILE);
            const isBeside = left + 2 * TILE <= box.left || left - TILE >= box.right;
            if (isBeside || top + 2 * TILE <= box.top || top - TILE >= box.bottom) this.tiles.delete(key);
        }
    }

    /** Every seat may look otherwise. */
    invalidate() {
        for (const [key, tile] of this.tiles) {
            if (tile) tile.stale = true;
            else this.tiles.delete(key);
        }
    }

    /** Draws a seat again wherever it is drawn. @param {number} index */
    redraw(index) {
        const { scale } = this;
        const half = this.sprites.size / 2;
        const [x, y] = [Math.floor(this.hall.x[index] * scale), Math.floor(this.hall.y[index] * scale)];
        const box = { left: x - half, top: y - half, right: x + half + 1, bottom: y + half + 1 };
        for (let row = Math.floor(box.top / TILE); row * TILE < box.bottom; row++) {
            for (let column = Math.floor(box.left / TILE); column * TILE < box.right; column++) {
                const tile = this.tiles.get(`${column},${row}`);
                if (tile && !tile.stale) this.#fill(tile, box);
            }
        }
    }

    /** @param {number} x @param {number} y @param {Tile | undefined} old */
    #make(x, y, old) {
        const [left, top] = [x * TILE, y * TILE];
        const box = { left, top, right: left + TILE, bottom: top + TILE };
        if (!old && !this.#find(box).length) {
            this.tiles.set(`${x},${y}`, null);
            return;
        }
        const tile = old ?? makeTile(left, top);
        tile.stale = false;
        this.#fill(tile, box);
        this.tiles.set(`${x},${y}`, tile);
    }

    /** @param {Box} box @returns {number[]} seats that reach into it */
    #find(box) {
        const { scale } = this;
        const reach = this.sprites.size / 2 + 1;
        const [left, top] = [(box.left - reach) / scale, (box.top - reach) / scale];
        return this.hit.within(left, top, (box.right + reach) / scale, (box.bottom + reach) / scale);
    }

    /** Draws what lies in a box of a tile. @param {Tile} tile @param {Box} box in the layer's pixels */
    #fill(tile, box) {
        const seats = this.#find(box);
        const clip = {
            left: Math.max(0, box.left - tile.left),
            top: Math.max(0, box.top - tile.top),
            right: Math.min(TILE, box.right - tile.left),
            bottom: Math.min(TILE, box.bottom - tile.top),
        };
        const [width, height] = [clip.right - clip.left, clip.bottom - clip.top];
        if (width <= 0 || height <= 0) return;
        for (let y = clip.top; y < clip.bottom; y++) {
            tile.pixels.fill(0, y * TILE + clip.left, y * TILE + clip.right);
        }
        this.#stamp(tile, clip, seats);
        tile.context.putImageData(tile.image, 0, 0, clip.left, clip.top, width, height);
        if (this.labelled) this.#label(tile, clip, seats);
    }

    /** @param {Tile} tile @param {Box} clip in the tile's pixels @param {number[]} seats */
    #stamp(tile, clip, seats) {
        const { hall: { x, y, kind }, looks: { look }, scale, sprites } = this;
        const { size, phases } = sprites;
        const half = size / 2;
        for (const seat of seats) {
            const across = Math.round((x[seat] * scale - tile.left) * phases);
            const down = Math.round((y[seat] * scale - tile.top) * phases);
            const left = Math.floor(across / phases) - half;
            const top = Math.floor(down / phases) - half;
            const phase = (across - (left + half) * phases) * phases + down - (top + half) * phases;
            const { offsets, pixels } = sprites.get(look[seat], kind[seat], phase);
            const start = top * TILE + left;
            const isBeside = left < clip.left || left + size > clip.right;
            if (isBeside || top < clip.top || top + size > clip.bottom) {
                stampClipped(tile.pixels, clip, left, top, offsets, pixels);
            } else {
                for (let n = 0; n < offsets.length; n++) tile.pixels[start + offsets[n]] = pixels[n];
            }
        }
    }

    /** @param {Tile} tile @param {Box} clip @param {number[]} seats */
    #label(tile, clip, seats) {
        const { context } = tile;
        const { hall: { x, y, kind, labels }, looks: { look, inks, theme }, scale } = this;
        context.save();
        context.beginPath();
        context.rect(clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
        context.clip();
        for (const seat of seats) {
            if (look[seat] !== 0) continue;
            const [across, down] = [x[seat] * scale - tile.left, y[seat] * scale - tile.top];
            context.setTransform(1, 0, 0, 1, Math.round(across), Math.round(down));
            drawLabel(context, labels[seat], this.sprites.radius, inks[kind[seat]], theme.font);
        }
        context.restore();
    }
}

/** @param {number} left @param {number} top @returns {Tile} */
function makeTile(left, top) {
    const canvas = new OffscreenCanvas(TILE, TILE);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const image = context.createImageData(TILE, TILE);
    return { left, top, canvas, context, image, pixels: new Uint32Array(image.data.buffer), stale: false };
}

/**
 * @param {Uint32Array} into @param {Box} clip @param {number} left @param {number} top
 * @param {Int32Array} offsets @param {Uint32Array} pixels
 */
function stampClipped(into, clip, left, top, offsets, pixels) {
    for (let n = 0; n < offsets.length; n++) {
        const x = left + (offsets[n] % TILE);
        const y = top + Math.floor(offsets[n] / TILE);
        const isInside = x >= clip.left && x < clip.right && y >= clip.top && y < clip.bottom;
        if (isInside) into[y * TILE + x] = pixels[n];
    }
}
