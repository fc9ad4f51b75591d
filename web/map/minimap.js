/** The whole hall small in a corner, with a frame around what is seen; the frame can be dragged. */

import { setStyle } from "./style.js";

/** @import {Bounds} from "./areas.js" */
/** @import {Hall} from "./model.js" */
/** @import {Looks} from "./tiles.js" */

const SIDE = 112;

export class Minimap {
    /**
     * @param {HTMLElement} host @param {Hall} hall
     * @param {(point: [number, number]) => void} move called with what to bring to the middle
     */
    constructor(host, hall, move) {
        const { bounds } = hall;
        const [across, down] = [bounds.maxX - bounds.minX, bounds.maxY - bounds.minY];
        this.hall = hall;
        this.scale = SIDE / Math.max(across, down);
        this.width = Math.max(24, Math.round(across * this.scale));
        this.height = Math.max(24, Math.round(down * this.scale));
        const canvas = (this.canvas = document.createElement("canvas"));
        canvas.setAttribute("aria-hidden", "true");
        setStyle(canvas, {
            position: "absolute", right: "8px", bottom: "8px", display: "none", cursor: "move",
            "z-index": "2", width: `${this.width}px`, height: `${this.height}px`, "touch-action": "none",
        });
        /** @type {OffscreenCanvas | null} */
        this.ground = null;
        for (const type of ["mousedown", "touchstart", "dblclick", "click"]) {
            canvas.addEventListener(type, (event) => event.stopPropagation());
        }
        const drag = (/** @type {PointerEvent} */ event) => {
            if (!(event.buttons & 1)) return;
            if (event.type === "pointerdown") canvas.setPointerCapture(event.pointerId);
            move([bounds.minX + event.offsetX / this.scale, bounds.minY + event.offsetY / this.scale]);
        };
        canvas.addEventListener("pointerdown", drag);
        canvas.addEventListener("pointermove", drag);
        host.append(canvas);
    }

    /** Draws the hall anew at the next frame. */
    forget() {
        this.ground = null;
    }

    /**
     * @param {Bounds} seen @param {boolean} shown @param {number} ratio
     * @param {Looks} looks
     */
    draw(seen, shown, ratio, looks) {
        this.canvas.style.setProperty("display", shown ? "block" : "none");
        if (!shown) return;
        const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
        if (this.canvas.width !== width || this.canvas.height !== height) {
            Object.assign(this.canvas, { width, height });
            this.ground = null;
        }
        this.ground ??= this.#drawGround(width, height, this.scale * ratio, looks);
        const context = this.canvas.getContext("2d");
        if (!context) return;
        const { bounds } = this.hall;
        const scale = this.scale * ratio;
        context.drawImage(this.ground, 0, 0);
        context.strokeStyle = looks.theme.accent;
        context.lineWidth = 2 * ratio;
        const [left, top] = [Math.max(seen.minX, bounds.minX), Math.max(seen.minY, bounds.minY)];
        const [right, bottom] = [Math.min(seen.maxX, bounds.maxX), Math.min(seen.maxY, bounds.maxY)];
        const [x, y] = [(left - bounds.minX) * scale + ratio, (top - bounds.minY) * scale + ratio];
        const length = (/** @type {number} */ side) => Math.max(4, side * scale - 2 * ratio);
        context.strokeRect(x, y, length(right - left), length(bottom - top));
    }

    /**
     * @param {number} width @param {number} height @param {number} scale @param {Looks} looks
     */
    #drawGround(width, height, scale, { colors, theme }) {
        const canvas = new OffscreenCanvas(width, height);
        const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
        context.fillStyle = theme.surface;
        context.fillRect(0, 0, width, height);
        context.strokeStyle = theme.line;
        context.strokeRect(0.5, 0.5, width - 1, height - 1);
        const { bounds, sections, areas } = this.hall;
        const fill = (/** @type {[number, number][]} */ outline, /** @type {string} */ color) => {
            context.beginPath();
            for (const [x, y] of outline) {
                context.lineTo((x - bounds.minX) * scale, (y - bounds.minY) * scale);
            }
            context.fillStyle = color;
            context.fill();
        };
        for (const area of areas) fill(area.outline, theme.line);
        context.globalAlpha = 0.6;
        for (const section of sections) fill(section.hull, colors[section.kind]);
        return canvas;
    }
}
