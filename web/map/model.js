/**
 * A hall as typed arrays: every seat's place, price and state, and its sections with what is left of them.
 * No network and no drawing.
 */

import { polygonCentroid, polygonHull } from "../vendor/d3-polygon.js";
import { findBox, joinBoxes, readAreas } from "./areas.js";

/** @import {Bounds, Point} from "./areas.js" */

export const FREE = 0;
export const HELD = 1;
export const BOOKED = 2;

/** @type {Record<string, number>} */
const STATES = { available: FREE, held: HELD, booked: BOOKED };
const STRIPS = 16;
const PITCH_SAMPLES = 64;
// Neighbours of a seat, those of other rows too, are not farther from it in layout order.
const AROUND = 1500;
const PITCH_OF_NONE = 24;
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (n * Math.PI) / 4);

/**
 * @typedef {object} Section
 * @property {string | null} name
 * @property {boolean} numbered
 * @property {number} capacity
 * @property {number} free
 * @property {number} low lowest price of its free seats, of all seats where none is free; minor units
 * @property {number} high highest price, likewise
 * @property {Point[]} hull outline around its seats; [] where nothing says where it lies
 * @property {Point} center
 * @property {Bounds} bounds
 * @property {number} kind the look (index into `kinds`) of most of its seats
 * @property {Uint32Array} seats indexes, in layout order
 * @property {Map<number, number>} left how many seats are free by price
 */
/** @typedef {{name: string | null, color: string | null, price: number}} Category */

export class Hall {
    /** @type {null | ((index: number) => boolean)} */
    #filter = null;
    /** @type {Map<string, number> | null} */
    #indexes = null;

    /** @param {any} layout what `GET /shows/{id}/layout?format=columns` answers */
    constructor(layout) {
        const { seats } = layout;
        this.count = seats.seat_number.length;
        /** @type {string[]} */
        this.numbers = seats.seat_number;
        /** @type {string[]} */
        this.labels = seats.label;
        /** @type {(string | null)[]} */
        this.rows = seats.row;
        this.x = copy(seats.x, new Float32Array(this.count), NaN);
        this.y = copy(seats.y, new Float32Array(this.count), NaN);
        this.section = copy(seats.section, new Uint16Array(this.count), 0);
        this.category = copy(seats.category, new Int16Array(this.count), -1);
        this.price = copy(seats.price, new Float64Array(this.count), 0);
        this.status = new Uint8Array(this.count);
        /** @type {Set<number>} */
        this.selected = new Set();
        /** @type {Category[]} */
        this.categories = layout.categories;
        this.dimmed = new Uint8Array(this.count);
        this.areas = readAreas(layout.areas);
        /** Looks of free seats: categories first, then a price each for seats of no category. */
        this.kinds = this.categories.slice();
        this.kind = this.#findKinds();
        const lists = this.#listSeats(layout.sections.length);
        this.pitch = this.#findPitch();
        /** @type {Section[]} */
        this.sections = lists.map((seats, index) => this.#buildSection(layout.sections[index], seats));
        this.bounds = this.#findBounds(layout.size);
    }

    /** Seats it refuses are drawn dimmed; null refuses none. */
    get filter() {
        return this.#filter;
    }

    set filter(accepts) {
        this.#filter = accepts;
        for (let i = 0; i < this.count; i++) this.dimmed[i] = accepts && !accepts(i) ? 1 : 0;
    }

    /** @param {string} number @returns {number} the seat's index, -1 where there is none of this number */
    indexOf(number) {
        if (!this.#indexes) this.#indexes = new Map(this.numbers.map((one, index) => [one, index]));
        return this.#indexes.get(number) ?? -1;
    }

    /** @param {number} index */
    isFree(index) {
        return this.status[index] === FREE;
    }

    /** @param {Uint8Array} states one byte a seat, in layout order */
    setStates(states) {
        this.status.set(states.subarray(0, this.count));
        for (const section of this.sections) this.#countSection(section);
    }

    /**
     * @param {Record<string, string>} changes status by seat number; numbers of other halls are passed over
     * @returns {number[]} indexes of the seats whose status is another now
     */
    apply(changes) {
        const changed = [];
        for (const [number, name] of Object.entries(changes)) {
            const index = this.indexOf(number);
            const state = STATES[name];
            if (index < 0 || state === undefined || this.status[index] === state) continue;
            this.#count(index, this.isFree(index) ? -1 : state === FREE ? 1 : 0);
            this.status[index] = state;
            changed.push(index);
        }
        return changed;
    }

    /** @param {number} index @param {number} by */
    #count(index, by) {
        if (!by) return;
        const section = this.sections[this.section[index]];
        const price = this.price[index];
        const left = (section.left.get(price) ?? 0) + by;
        section.left.set(price, left);
        section.free += by;
        if (left === 0 || left === by) findRange(section);
    }

    /** @param {Section} section */
    #countSection(section) {
        section.left = new Map();
        section.free = 0;
        const add = (/** @type {number} */ price, /** @type {number} */ free) => {
            section.left.set(price, (section.left.get(price) ?? 0) + free);
            section.free += free;
        };
        let free = 0;
        let price = NaN;
        // Neighbours have mostly one price: they are counted together.
        for (const index of section.seats) {
            if (this.price[index] !== price) {
                if (free) add(price, free);
                price = this.price[index];
                add(price, 0);
                free = 0;
            }
            if (this.status[index] === FREE) free++;
        }
        if (free) add(price, free);
        findRange(section);
    }

    #findKinds() {
        const kind = new Uint16Array(this.count);
        const ofPrice = new Map();
        for (let i = 0; i < this.count; i++) {
            const price = this.price[i];
            if (this.category[i] >= 0) kind[i] = this.category[i];
            else {
                const known = ofPrice.get(price);
                kind[i] = known ?? this.kinds.push({ name: null, color: null, price }) - 1;
                if (known === undefined) ofPrice.set(price, kind[i]);
            }
        }
        return kind;
    }

    /** @param {number} count @returns {Uint32Array[]} */
    #listSeats(count) {
        const sizes = new Uint32Array(count);
        for (const section of this.section) sizes[section]++;
        const lists = Array.from(sizes, (size) => new Uint32Array(size));
        sizes.fill(0);
        for (let i = 0; i < this.count; i++) {
            const section = this.section[i];
            lists[section][sizes[section]++] = i;
        }
        return lists;
    }

    /** @returns {number} the usual distance of a seat to its nearest neighbour */
    #findPitch() {
        const found = [];
        const step = Math.max(1, Math.floor(this.count / PITCH_SAMPLES));
        for (let i = 0; i < this.count; i += step) {
            const nearest = this.#measureNearest(i);
            if (nearest < Infinity) found.push(nearest);
        }
        found.sort((a, b) => a - b);
        return found.length ? found[found.length >> 1] : PITCH_OF_NONE;
    }

    /** @param {number} index */
    #measureNearest(index) {
        const { x, y, section, count } = this;
        let nearest = Infinity;
        const end = Math.min(count, index + AROUND);
        for (let other = Math.max(0, index - AROUND); other < end; other++) {
            const [dx, dy] = [x[other] - x[index], y[other] - y[index]];
            const square = dx * dx + dy * dy;
            // Seats in one place say nothing about the distance of neighbours.
            if (square < nearest && square > 0 && section[other] === section[index]) nearest = square;
        }
        return Math.sqrt(nearest);
    }

    /** @param {any} one @param {Uint32Array} seats @returns {Section} */
    #buildSection(one, seats) {
        const area = one.numbered
            ? null
            : this.areas.find(({ text, outline }) => text === one.name && outline.length);
        const points = area ? area.outline : this.#outline(seats);
        const pad = area ? 0 : this.pitch * 0.7;
        const hull = polygonHull((polygonHull(points) ?? points).flatMap((point) => widen(point, pad))) ?? [];
        /** @type {Section} */
        const section = {
            name: one.name,
            numbered: one.numbered,
            capacity: one.capacity,
            free: 0,
            low: 0,
            high: 0,
            hull,
            center: hull.length ? polygonCentroid(hull) : [NaN, NaN],
            bounds: findBox(hull),
            kind: this.kind[seats[seats.length >> 1]] ?? 0,
            seats,
            left: new Map(),
        };
        this.#countSection(section);
        return section;
    }

    /** @param {Uint32Array} seats @returns {Point[]} what a hull needs of them */
    #outline(seats) {
        const { x, y } = this;
        return [...findEnds(seats, x, y), ...findEnds(seats, y, x)].map((i) => [x[i], y[i]]);
    }

    /** @param {{width: number, height: number}} size @returns {Bounds} */
    #findBounds(size) {
        const box = joinBoxes([...this.sections, ...this.areas].map((one) => one.bounds));
        if (box.minX <= box.maxX) return box;
        return { minX: 0, minY: 0, maxX: size.width || 1, maxY: size.height || 1 };
    }
}

/**
 * The outermost seats of each of some strips that lie across an axis.
 * @param {Uint32Array} seats @param {Float32Array} along places on the axis @param {Float32Array} across it
 */
function findEnds(seats, along, across) {
    let min = Infinity;
    let max = -Infinity;
    for (const i of seats) {
        if (along[i] < min) min = along[i];
        if (along[i] > max) max = along[i];
    }
    if (min > max) return [];
    const width = (max - min) / (STRIPS - 1) || 1;
    const lows = new Int32Array(STRIPS).fill(-1);
    const highs = lows.slice();
    for (const i of seats) {
        const strip = Math.round((along[i] - min) / width);
        if (lows[strip] < 0 || across[i] < across[lows[strip]]) lows[strip] = i;
        if (highs[strip] < 0 || across[i] > across[highs[strip]]) highs[strip] = i;
    }
    return [...lows, ...highs].filter((i) => i >= 0);
}

/**
 * @template {Float32Array | Float64Array | Int16Array | Uint16Array} T
 * @param {(number | null)[]} from @param {T} to
 * @param {number} none what null becomes: a typed array would take it for 0
 * @returns {T}
 */
function copy(from, to, none) {
    for (let i = 0; i < to.length; i++) to[i] = from[i] ?? none;
    return to;
}

/** @param {Point} point @param {number} by @returns {Point[]} */
function widen([x, y], by) {
    return by ? CORNERS.map((angle) => [x + Math.cos(angle) * by, y + Math.sin(angle) * by]) : [[x, y]];
}

/** @param {Section} section */
function findRange(section) {
    const prices = [...section.left.keys()];
    const free = prices.filter((price) => section.left.get(price));
    const among = free.length ? free : prices;
    section.low = among.length ? Math.min(...among) : 0;
    section.high = among.length ? Math.max(...among) : 0;
}
