/** Sections as outlines, with what a buyer wants to know of each from afar. */

import { polygonContains } from "../vendor/d3-polygon.js";
import { recede, standOut, toCss, toRgb } from "./colors.js";

/** @import {Theme} from "./colors.js" */
/** @import {View} from "./draw.js" */
/** @import {Bounds} from "./areas.js" */
/** @import {Hall, Section} from "./model.js" */
/** @import {Looks} from "./tiles.js" */

const TEXT_PIXELS = [13, 12, 11];
const LINE_HEIGHT = 1.3;
// Texts on outlines that fade away cannot be read.
const WRITTEN_FROM = 0.6;
const MOST_TEXTS = 2000;
const TEXT_CONTRAST = 4.5;

export class Hulls {
    /**
     * @param {Hall} hall @param {Looks} looks
     * @param {(section: Section) => string[]} describe lines of text, the most important first
     */
    constructor(hall, looks, describe) {
        this.hall = hall;
        this.looks = looks;
        this.describe = describe;
        this.paths = hall.sections.map((section) => toPath(section.hull));
        /** @type {Map<string, {canvas: OffscreenCanvas, width: number, height: number}>} */
        this.texts = new Map();
        /** @type {Map<Section, {key: string, lines: string[]}>} */
        this.lines = new Map();
    }

    /**
     * @param {CanvasRenderingContext2D} context in device pixels
     * @param {View} view @param {number} ratio device pixels a CSS pixel
     * @param {number} cover 1 hides seats, 0 draws standing sections alone
     * @param {(box: any) => boolean} inView
     */
    draw(context, view, ratio, cover, inView) {
        const scale = view.k * ratio;
        this.hall.sections.forEach((section, index) => {
            const shown = section.numbered ? cover : 1;
            if (!shown || !section.hull.length || !inView(section.bounds)) return;
            context.setTransform(scale, 0, 0, scale, view.x * ratio, view.y * ratio);
            this.#fill(context, this.paths[index], section, shown, ratio / scale);
            context.setTransform(1, 0, 0, 1, 0, 0);
            context.globalAlpha = 1;
            if (shown >= WRITTEN_FROM) this.#write(context, section, view, ratio);
        });
    }

    /**
     * @param {CanvasRenderingContext2D} context @param {Path2D} path @param {Section} section
     * @param {number} shown @param {number} line width of a CSS pixel
     */
    #fill(context, path, section, shown, line) {
        const { theme, colors } = this.looks;
        const share = section.capacity ? section.free / section.capacity : 0;
        context.globalAlpha = shown;
        context.fillStyle = theme.background;
        context.fill(path);
        context.fillStyle = section.free ? colors[section.kind] : theme.muted;
        context.globalAlpha = shown * (theme.forced ? 0 : 0.06 + 0.2 * share);
        context.fill(path);
        context.globalAlpha = shown;
        context.strokeStyle = section.free ? colors[section.kind] : theme.muted;
        context.lineWidth = 1.5 * line;
        if (!section.free) context.setLineDash([4 * line, 3 * line]);
        context.stroke(path);
        context.setLineDash([]);
    }

    /**
     * As many lines as its outline has room for.
     * @param {CanvasRenderingContext2D} context @param {Section} section
     * @param {View} view @param {number} ratio
     */
    #write(context, section, view, ratio) {
        const [x, y] = section.center;
        const half = view.k * ratio * 2;
        const lines = [];
        let [across, down] = [0, 0];
        for (const [place, text] of this.#list(section).entries()) {
            const line = this.#render(text, Math.min(place, TEXT_PIXELS.length - 1), ratio);
            [across, down] = [Math.max(across, line.width / half), down + line.height / half];
            const fits = [-1, 1].every((side) =>
                [-1, 1].every((end) => polygonContains(section.hull, [x + side * across, y + end * down])),
            );
            if (!fits) break;
            lines.push(line);
        }
        const total = lines.reduce((sum, line) => sum + line.height, 0);
        const middle = (section.center[0] * view.k + view.x) * ratio;
        let top = (section.center[1] * view.k + view.y) * ratio - total / 2;
        for (const line of lines) {
            context.drawImage(line.canvas, Math.round(middle - line.width / 2), Math.round(top));
            top += line.height;
        }
    }

    /** Formatting prices takes longer than drawing them. @param {Section} section */
    #list(section) {
        const key = `${section.free} ${section.low} ${section.high}`;
        const known = this.lines.get(section);
        if (known?.key === key) return known.lines;
        const lines = this.describe(section);
        this.lines.set(section, { key, lines });
        return lines;
    }

    /** @param {string} text @param {number} place @param {number} ratio */
    #render(text, place, ratio) {
        const key = `${place} ${text}`;
        const found = this.texts.get(key);
        if (found) return found;
        const { theme } = this.looks;
        const pixels = TEXT_PIXELS[place] * ratio;
        const font = `${place ? 400 : 600} ${pixels}px ${theme.font}`;
        const canvas = new OffscreenCanvas(1, 1);
        const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
        context.font = font;
        const width = (canvas.width = Math.max(1, Math.ceil(context.measureText(text).width)));
        const height = (canvas.height = Math.ceil(pixels * LINE_HEIGHT));
        context.font = font;
        context.textBaseline = "middle";
        context.fillStyle = theme.text;
        context.fillText(text, 0, height / 2);
        const line = { canvas, width, height };
        if (this.texts.size > MOST_TEXTS) this.texts.clear();
        this.texts.set(key, line);
        return line;
    }
}

/** Areas beside the seats, in their own colours. */
export class Ground {
    /** @param {Hall} hall @param {Theme} theme */
    constructor(hall, theme) {
        const background = toRgb(theme.background) ?? [255, 255, 255];
        this.theme = theme;
        // An unnumbered section is drawn as such, not as the area that says where it lies.
        const standing = hall.sections.filter((one) => !one.numbered && one.hull.length);
        const names = new Set(standing.map((one) => one.name));
        this.areas = hall.areas
            .filter((area) => !names.has(area.text))
            .map((area) => {
                const own = area.outline.length && !theme.forced ? toRgb(area.color ?? "") : null;
                const fill = own && recede(own, background);
                const border = toRgb(area.border ?? "") ? area.border : null;
                const ink = toRgb(area.textColor ?? theme.text) ?? [0, 0, 0];
                return {
                    ...area,
                    path: toPath(area.outline),
                    fill: fill && toCss(fill),
                    stroke: theme.forced ? theme.text : border,
                    ink: theme.forced ? theme.text : toCss(standOut(ink, fill ?? background, TEXT_CONTRAST)),
                };
            });
    }

    /**
     * @param {CanvasRenderingContext2D} context @param {View} view
     * @param {number} ratio @param {(box: any) => boolean} inView
     */
    draw(context, view, ratio, inView) {
        const scale = view.k * ratio;
        for (const area of this.areas) {
            if (!inView(area.bounds)) continue;
            context.setTransform(scale, 0, 0, scale, view.x * ratio, view.y * ratio);
            if (area.fill) {
                context.fillStyle = area.fill;
                context.fill(area.path);
            }
            if (area.stroke) {
                context.strokeStyle = area.stroke;
                context.lineWidth = 1 / view.k;
                context.stroke(area.path);
            }
            // Smaller than this nothing can be read.
            if (!area.text || area.textSize * view.k < 6) continue;
            context.translate(...area.textAt);
            context.rotate(area.angle);
            context.font = `${area.textSize}px ${this.theme.font}`;
            context.textAlign = "center";
            context.textBaseline = "middle";
            context.fillStyle = area.ink;
            context.fillText(area.text, 0, 0);
        }
        context.setTransform(1, 0, 0, 1, 0, 0);
    }
}

/** @param {[number, number][]} points */
function toPath(points) {
    const path = new Path2D();
    points.forEach(([x, y], n) => (n ? path.lineTo(x, y) : path.moveTo(x, y)));
    if (points.length) path.closePath();
    return path;
}
