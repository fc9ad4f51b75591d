/** Seats as pixels, one sprite a look, colour and size. A state is told by its shape, too. */

/** @import {Theme} from "./colors.js" */

// Pixels a side of the bitmaps that seats are drawn into; a power of two.
export const TILE = 256;
export const SELECTED = 3;
export const DIMMED = 4;
const RADIUS = 0.42;
// Seats smaller than this are placed to a quarter of a pixel, larger ones to whole pixels.
const FINE_BELOW = 14;
const PHASES = 4;
// Below this radius a shape is told by its size and filling alone.
const DETAIL_FROM = 3.2;

/**
 * @typedef {object} Sprite the pixels of a seat that are not empty
 * @property {Int32Array} offsets from its left upper corner, in a tile
 * @property {Uint32Array} pixels RGBA
 */

export class Sprites {
    /** @param {number} pitch in device pixels @param {string[]} colors by kind @param {Theme} theme */
    constructor(pitch, colors, theme) {
        this.radius = Math.max(0.7, pitch * RADIUS);
        this.phases = pitch < FINE_BELOW ? PHASES : 1;
        this.size = 2 * Math.ceil(this.radius + 2);
        this.colors = colors;
        this.theme = theme;
        /** @type {(Sprite[] | undefined)[]} */
        this.sprites = [];
    }

    /**
     * @param {number} look state, SELECTED, and DIMMED added @param {number} kind
     * @param {number} phase across * phases + down
     */
    get(look, kind, phase) {
        const key = kind * 8 + look;
        const found = this.sprites[key] ?? (this.sprites[key] = this.#render(look, kind));
        return found[phase];
    }

    /** @param {number} look @param {number} kind @returns {Sprite[]} by phase */
    #render(look, kind) {
        const { size, phases } = this;
        const canvas = new OffscreenCanvas(size * phases * phases, size);
        const context = canvas.getContext("2d", { willReadFrequently: true });
        if (!context) return [];
        for (let phase = 0; phase < phases * phases; phase++) {
            const [across, down] = [Math.floor(phase / phases) / phases, (phase % phases) / phases];
            context.setTransform(1, 0, 0, 1, phase * size + size / 2 + across, size / 2 + down);
            drawSeat(context, look, this.radius, this.colors[kind], this.theme);
        }
        const all = new Uint32Array(context.getImageData(0, 0, canvas.width, size).data.buffer);
        return [...Array(phases ** 2).keys()].map((phase) => cut(all, canvas.width, phase * size, size));
    }
}

/** @param {Uint32Array} all @param {number} width @param {number} left @param {number} size */
function cut(all, width, left, size) {
    const offsets = [];
    const pixels = [];
    for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
            const pixel = all[y * width + left + x];
            if (!pixel) continue;
            offsets.push(y * TILE + x);
            pixels.push(pixel);
        }
    }
    return { offsets: Int32Array.from(offsets), pixels: Uint32Array.from(pixels) };
}

/**
 * One seat around the origin.
 * @param {OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D} context
 * @param {number} look @param {number} radius @param {string} color of its kind @param {Theme} theme
 */
export function drawSeat(context, look, radius, color, theme) {
    const state = look & 3;
    const plain = radius < DETAIL_FROM;
    context.globalAlpha = look & DIMMED && state !== SELECTED ? 0.35 : 1;
    context.lineWidth = Math.max(1, radius * 0.2);
    context.lineCap = "round";
    if (state === SELECTED) drawSelected(context, radius, theme);
    else if (state === 0) disc(context, radius, color, Boolean(look & DIMMED) && !plain);
    else if (state === 1) drawHeld(context, radius, theme.muted, plain);
    else drawBooked(context, radius, theme.muted, plain);
    context.globalAlpha = 1;
}

/** @param {any} context @param {number} radius @param {string} color @param {boolean} [hollow] */
function disc(context, radius, color, hollow) {
    const inset = hollow ? context.lineWidth / 2 : 0;
    context.beginPath();
    context.arc(0, 0, radius - inset, 0, 7);
    context.fillStyle = context.strokeStyle = color;
    if (hollow) context.stroke();
    else context.fill();
}

/** @param {any} context @param {number} radius @param {Theme} theme */
function drawSelected(context, radius, theme) {
    disc(context, radius + 1, theme.accent);
    context.lineWidth = Math.max(1, radius * 0.26);
    context.strokeStyle = theme.onAccent;
    context.beginPath();
    context.moveTo(-radius * 0.45, radius * 0.05);
    context.lineTo(-radius * 0.1, radius * 0.42);
    context.lineTo(radius * 0.5, -radius * 0.38);
    context.stroke();
}

/** @param {any} context @param {number} radius @param {string} color @param {boolean} plain */
function drawHeld(context, radius, color, plain) {
    disc(context, plain ? radius : radius * 0.85, color, !plain || radius > 2);
    context.beginPath();
    context.arc(0, 0, radius * 0.85, 0, Math.PI);
    if (!plain) context.fill();
}

/** @param {any} context @param {number} radius @param {string} color @param {boolean} plain */
function drawBooked(context, radius, color, plain) {
    const reach = radius * 0.42;
    if (plain) {
        disc(context, Math.max(0.5, reach), color);
        return;
    }
    context.strokeStyle = color;
    context.beginPath();
    context.moveTo(-reach, -reach);
    context.lineTo(reach, reach);
    context.moveTo(reach, -reach);
    context.lineTo(-reach, reach);
    context.stroke();
}

/**
 * A seat's number on it.
 * @param {OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D} context
 * @param {string} label @param {number} radius @param {string} ink @param {string} font
 */
export function drawLabel(context, label, radius, ink, font) {
    const size = Math.min(radius * 0.95, (radius * 2.6) / Math.max(1, label.length));
    context.font = `600 ${size.toFixed(1)}px ${font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = ink;
    context.fillText(label, 0, radius * 0.05, radius * 1.8);
}
