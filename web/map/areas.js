/** What a plan draws beside its seats: stages, walls, labels. */

const ROUND = 96;
const TEXT_SIZE = 16;

/** @typedef {[number, number]} Point */
/** @typedef {{minX: number, minY: number, maxX: number, maxY: number}} Bounds */
/**
 * @typedef {object} Area
 * @property {Point[]} outline its corners in the hall, turned; [] for a text alone
 * @property {string | null} color
 * @property {string | null} border
 * @property {string} text
 * @property {number} textSize in the hall's units
 * @property {string | null} textColor
 * @property {Point} textAt
 * @property {number} angle of the text, radians
 * @property {Bounds} bounds
 */

/** @param {any[]} areas of a layout @returns {Area[]} */
export function readAreas(areas) {
    return areas.map((area) => {
        const angle = (toNumber(area.rotation) * Math.PI) / 180;
        const place = (/** @type {any} */ point) => turn(point, angle, area.position);
        const outline = listCorners(area).map(place);
        const textAt = place(area.text?.position);
        const text = typeof area.text?.text === "string" ? area.text.text : "";
        return {
            outline,
            color: toText(area.color),
            border: toText(area.border_color),
            text,
            textSize: toNumber(area.text?.size) || TEXT_SIZE,
            textColor: toText(area.text?.color),
            textAt,
            angle,
            bounds: findBox(outline.length || !text ? outline : [textAt]),
        };
    });
}

/** @param {any} area @returns {{x: number, y: number}[]} not turned */
function listCorners({ shape, polygon, rectangle, ellipse, circle }) {
    if (shape === "polygon") return polygon?.points ?? [];
    if (shape === "rectangle" && rectangle) {
        const { width, height } = rectangle;
        return [{ x: 0, y: 0 }, { x: width, y: 0 }, { x: width, y: height }, { x: 0, y: height }];
    }
    const radius = shape === "ellipse" ? ellipse?.radius : circle?.radius;
    if (!radius || (shape !== "ellipse" && shape !== "circle")) return [];
    return Array.from({ length: ROUND }, (_, n) => {
        const angle = (2 * Math.PI * n) / ROUND;
        return { x: Math.cos(angle) * (radius.x ?? radius), y: Math.sin(angle) * (radius.y ?? radius) };
    });
}

/** @param {any} point @param {number} angle @param {any} origin @returns {Point} */
function turn(point, angle, origin) {
    const [x, y] = [toNumber(point?.x), toNumber(point?.y)];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [toNumber(origin?.x) + x * cos - y * sin, toNumber(origin?.y) + x * sin + y * cos];
}

/** @param {unknown} value */
function toNumber(value) {
    return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** @param {unknown} value */
function toText(value) {
    return typeof value === "string" ? value : null;
}

/** @param {number[][]} points @returns {Bounds} */
export function findBox(points) {
    const box = { minX: Infinity, minY: Infinity, maxX: -Infinity, maxY: -Infinity };
    for (const [x, y] of points) {
        box.minX = Math.min(box.minX, x);
        box.maxX = Math.max(box.maxX, x);
        box.minY = Math.min(box.minY, y);
        box.maxY = Math.max(box.maxY, y);
    }
    return box;
}

/** @param {Bounds[]} boxes @returns {Bounds} around all that are not empty */
export function joinBoxes(boxes) {
    const full = boxes.filter((box) => box.minX <= box.maxX);
    return findBox(full.flatMap((box) => [[box.minX, box.minY], [box.maxX, box.maxY]]));
}
