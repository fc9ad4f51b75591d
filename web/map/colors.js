/** Colours of the map: read from the host's custom properties, and brought to a contrast that can be seen. */

/** @import {Category} from "./model.js" */

const LEAST_CONTRAST = 3;
const MOST_GLARE = 2;
const STEP = 0.04;
// Okabe and Ito's, told apart with every kind of colour vision.
export const SAFE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"];

/** @typedef {[number, number, number]} Rgb 0 to 255 each */
/** @type {Rgb} */
const BLACK = [0, 0, 0];
/** @type {Rgb} */
const WHITE = [255, 255, 255];

/**
 * @typedef {object} Theme
 * @property {string} background
 * @property {string} surface
 * @property {string} text
 * @property {string} muted
 * @property {string} line
 * @property {string} accent
 * @property {string} onAccent
 * @property {string} font
 * @property {boolean} forced whether system colours replace the plan's
 */

/** @type {Record<string, string[]>} by part of a theme: property, and colours when light, dark and forced */
const PROPERTIES = {
    background: ["--seatline-stage", "#ffffff", "#16181d", "Canvas"],
    surface: ["--seatline-surface", "#ffffff", "#20242b", "Canvas"],
    text: ["--seatline-text", "#1b1f24", "#f0f2f5", "CanvasText"],
    muted: ["--seatline-muted", "#5f6772", "#a3abb6", "GrayText"],
    line: ["--seatline-line", "#c9ced6", "#454c57", "CanvasText"],
    accent: ["--seatline-accent", "#1a56db", "#7aa5ff", "Highlight"],
    onAccent: ["--seatline-on-accent", "#ffffff", "#10131a", "HighlightText"],
};

const pixel = /** @type {OffscreenCanvasRenderingContext2D} */ (
    new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
);

/** @param {string} color of CSS @returns {Rgb | null} null for what is none; see-through ones as on white */
export function toRgb(color) {
    if (!CSS.supports("color", color)) return null;
    pixel.fillStyle = "#ffffff";
    pixel.fillRect(0, 0, 1, 1);
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b];
}

/** @param {Rgb} one @param {Rgb} other @returns {number} WCAG's ratio, 1 to 21 */
export function contrast(one, other) {
    const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}

/** @param {Rgb} rgb */
function luminance(rgb) {
    const [r, g, b] = rgb.map((c) => (c <= 10 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * The colour in its own hue, darker or lighter until it stands out from the background.
 * @param {Rgb} color @param {Rgb} background @param {number} [least] contrast @returns {Rgb}
 */
export function standOut(color, background, least = LEAST_CONTRAST) {
    const ends = isDark(background) ? WHITE : BLACK;
    return mix(color, ends, (mixed) => contrast(mixed, background) >= least);
}

/**
 * The colour of an area of a plan, which was chosen for a bright background: on a dark one it must not glare.
 * @param {Rgb} color @param {Rgb} background @returns {Rgb}
 */
export function recede(color, background) {
    if (!isDark(background)) return color;
    return mix(color, background, (mixed) => contrast(mixed, background) <= MOST_GLARE);
}

/**
 * @param {Rgb} color @param {Rgb} other
 * @param {(mixed: Rgb) => boolean} isEnough @returns {Rgb} as little of the other as is enough
 */
function mix(color, other, isEnough) {
    for (let part = 0; part < 1; part += STEP) {
        const mixed = /** @type {Rgb} */ (color.map((c, n) => Math.round(c + (other[n] - c) * part)));
        if (isEnough(mixed)) return mixed;
    }
    return other;
}

/** @param {Rgb} rgb */
function isDark(rgb) {
    return contrast(WHITE, rgb) > contrast(BLACK, rgb);
}

/** @param {Rgb} rgb */
export function toCss([r, g, b]) {
    return `rgb(${r} ${g} ${b})`;
}

/** @param {string} on @returns {string} black or white, whichever is read more easily on it */
export function inkOn(on) {
    return isDark(toRgb(on) ?? WHITE) ? "#ffffff" : "#000000";
}

/**
 * @param {Category[]} kinds @param {Theme} theme
 * @returns {string[]} a colour for each, at least 3:1 against the theme's background
 */
export function colorKinds(kinds, theme) {
    if (theme.forced) return kinds.map(() => theme.text);
    const background = toRgb(theme.background) ?? WHITE;
    let uncolored = 0;
    return kinds.map((kind) => {
        const own = kind.color ? toRgb(kind.color) : null;
        const color = own ?? toRgb(SAFE[uncolored++ % SAFE.length]);
        return toCss(standOut(/** @type {Rgb} */ (color), background));
    });
}

/**
 * @param {HTMLElement} host @param {HTMLElement} probe inside the host, to resolve colours
 * @param {Partial<Theme>} [own] goes before the host's properties @returns {Theme}
 */
export function readTheme(host, probe, own = {}) {
    const forced = matchMedia("(forced-colors: active)").matches;
    const styles = getComputedStyle(host);
    const dark = styles.colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
    const resolve = (/** @type {string} */ color) => {
        probe.style.setProperty("color", color);
        return getComputedStyle(probe).color;
    };
    const theme = /** @type {any} */ ({ forced, font: own.font || styles.fontFamily || "sans-serif" });
    for (const [name, [property, light, night, system]] of Object.entries(PROPERTIES)) {
        const set = /** @type {any} */ (own)[name] || styles.getPropertyValue(property).trim();
        theme[name] = resolve(forced ? system : set || (dark ? night : light));
    }
    return theme;
}
