/** Which part of the hall is seen, within limits, and how it comes to another. */

/** @import {Bounds, Point} from "./areas.js" */
/** @import {Hall} from "./model.js" */

// Distance of neighbouring seats in CSS pixels: in the nearest view, and in that of a small hall as a whole.
const NEAREST = 64;
const NEAREST_FIT = 40;
const MARGIN = 16;
// No scale and no side is nothing.
const SMALLEST = 1e-9;
const MOVE_MS = 350;

/** Screen = hall * k + (x, y), in CSS pixels. */
export class Transform {
    /** @param {number} k @param {number} x @param {number} y */
    constructor(k, x, y) {
        this.k = k;
        this.x = x;
        this.y = y;
    }

    /** @param {Point} point of the hall @returns {Point} */
    apply([x, y]) {
        return [x * this.k + this.x, y * this.k + this.y];
    }

    /** @param {Point} point of the screen @returns {Point} */
    invert([x, y]) {
        return [(x - this.x) / this.k, (y - this.y) / this.k];
    }
}

export class View {
    width = 0;
    height = 0;
    transform = new Transform(1, 0, 0);
    /** @type {[number, number]} least and most */
    scales = [1, 1];
    /** Called where the view, or its limits, became others by itself. */
    follow = () => {};
    /** @type {Transform | null} where it is moving to */
    #aim = null;
    #frame = 0;

    /**
     * @param {HTMLElement} host @param {Hall} hall
     * @param {() => void} changed @param {AbortSignal} signal ends it
     */
    constructor(host, hall, changed, signal) {
        this.host = host;
        this.hall = hall;
        this.changed = changed;
        signal.addEventListener("abort", () => this.stop());
    }

    /** Whether everything is in view. */
    get fitted() {
        return this.transform.k <= this.scales[0] * 1.001;
    }

    /** Whether it moves by itself. */
    get moving() {
        return Boolean(this.#frame);
    }

    /** @returns {Bounds} what is seen, in the hall's units */
    get seen() {
        const [minX, minY] = this.transform.invert([0, 0]);
        const [maxX, maxY] = this.transform.invert([this.width, this.height]);
        return { minX, minY, maxX, maxY };
    }

    /** @param {number} width CSS pixels @param {number} height */
    resize(width, height) {
        const { pitch } = this.hall;
        const fitted = !this.width || this.fitted;
        const [x, y] = this.transform.invert([this.width / 2, this.height / 2]);
        Object.assign(this, { width, height });
        const fit = Math.min(this.#room(this.hall.bounds), NEAREST_FIT / pitch);
        this.scales = [fit, Math.max(NEAREST / pitch, fit)];
        if (fitted) this.fit(false);
        else this.#go([x, y], this.transform.k, false);
    }

    /** @param {boolean} [smooth] */
    fit(smooth = true) {
        this.#go(findMiddle(this.hall.bounds), this.scales[0], smooth);
    }

    /** @param {number} factor of what it is, or is becoming */
    zoomBy(factor) {
        const from = this.#aim ?? this.transform;
        this.#go(from.invert([this.width / 2, this.height / 2]), from.k * factor, true);
    }

    /** @param {Bounds} box @param {number} least distance of neighbours @param {number} most likewise */
    show(box, least, most) {
        const { pitch } = this.hall;
        this.#go(findMiddle(box), Math.min(Math.max(this.#room(box), least / pitch), most / pitch), true);
    }

    /** @param {Point} point brought to the middle at once */
    center(point) {
        this.#go(point, this.transform.k, false);
    }

    /** @param {number} dx CSS pixels, by which what is drawn moves @param {number} dy */
    panBy(dx, dy) {
        this.center(this.transform.invert([this.width / 2 - dx, this.height / 2 - dy]));
    }

    /** Ends a movement where it is. */
    stop() {
        cancelAnimationFrame(this.#frame);
        this.#frame = 0;
        this.#aim = null;
    }

    /** As hands moved it. @param {number} k @param {number} x @param {number} y */
    take(k, x, y) {
        this.transform = new Transform(k, x, y);
        this.host.style.setProperty("touch-action", this.fitted ? "pan-y" : "none");
        this.changed();
    }

    /**
     * @param {{k: number, x: number, y: number}} wanted
     * @returns {Transform} the nearest that shows the hall and a margin
     */
    constrain({ k, x, y }) {
        const { minX, minY, maxX, maxY } = this.hall.bounds;
        const pad = MARGIN / this.scales[0];
        const across = findWay(pad - minX - x / k, (this.width - x) / k - maxX - pad);
        const down = findWay(pad - minY - y / k, (this.height - y) / k - maxY - pad);
        return new Transform(k, x + k * across, y + k * down);
    }

    /** @param {Bounds} box @returns {number} the scale at which it fills the view */
    #room({ minX, minY, maxX, maxY }) {
        const across = (this.width - 2 * MARGIN) / (maxX - minX || SMALLEST);
        return Math.max(SMALLEST, Math.min(across, (this.height - 2 * MARGIN) / (maxY - minY || SMALLEST)));
    }

    /** @param {Point} point in the middle @param {number} scale @param {boolean} smooth */
    #go([x, y], scale, smooth) {
        const [min, max] = this.scales;
        const aim = this.constrain(this.#place(x, y, Math.min(Math.max(scale, min), max)));
        this.stop();
        if (!smooth || matchMedia("(prefers-reduced-motion: reduce)").matches) {
            this.#set(aim);
            return;
        }
        const way = this.#plan(this.transform, aim);
        const start = performance.now();
        const step = () => {
            const part = Math.min(1, (performance.now() - start) / MOVE_MS);
            this.#aim = part < 1 ? aim : null;
            this.#frame = part < 1 ? requestAnimationFrame(step) : 0;
            this.#set(part < 1 ? way(part * (2 - part)) : aim);
        };
        step();
    }

    /** @param {Transform} transform */
    #set({ k, x, y }) {
        this.take(k, x, y);
        this.follow();
    }

    /** @param {number} x in the middle @param {number} y @param {number} scale */
    #place(x, y, scale) {
        return new Transform(scale, this.width / 2 - x * scale, this.height / 2 - y * scale);
    }

    /**
     * A steady change of scale about one point, or a steady pan where the scale stays.
     * @param {Transform} from @param {Transform} to @returns {(part: number) => Transform}
     */
    #plan(from, to) {
        const [fromX, fromY] = from.invert([this.width / 2, this.height / 2]);
        const [toX, toY] = to.invert([this.width / 2, this.height / 2]);
        return (part) => {
            const scale = from.k * (to.k / from.k) ** part;
            const gone = from.k === to.k ? part : (1 / scale - 1 / from.k) / (1 / to.k - 1 / from.k);
            return this.#place(fromX + (toX - fromX) * gone, fromY + (toY - fromY) * gone, scale);
        };
    }
}

/** @param {Bounds} box @returns {Point} */
function findMiddle({ minX, minY, maxX, maxY }) {
    return [(minX + maxX) / 2, (minY + maxY) / 2];
}

/**
 * @param {number} start of what is seen, from the start of what may be @param {number} end likewise
 * @returns {number} how far the picture has to move
 */
function findWay(start, end) {
    return end > start ? (start + end) / 2 : Math.min(0, start) || Math.max(0, end);
}
