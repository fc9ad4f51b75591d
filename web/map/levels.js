/** What is drawn at which scale: sections when far, then dots, seats, and seats with their numbers. */

/** @typedef {"sections" | "dots" | "seats" | "labels"} Level */

// Distance of neighbouring seats in CSS pixels from which each is drawn.
const DOTS_FROM = 3.5;
const SEATS_FROM = 9;
const LABELS_FROM = 22;
// Outlines of sections fade away over as many pixels of that distance.
const FADE = 1.5;
const FEWEST_SECTIONS = 2;

/** @param {number} pitch in CSS pixels @param {number} sections @returns {Level} */
export function findLevel(pitch, sections) {
    if (pitch >= LABELS_FROM) return "labels";
    if (pitch >= SEATS_FROM) return "seats";
    return pitch >= DOTS_FROM || sections < FEWEST_SECTIONS ? "dots" : "sections";
}

/** @param {number} pitch @param {number} sections @returns {number} how far outlines hide seats, 0 to 1 */
export function findCover(pitch, sections) {
    if (sections < FEWEST_SECTIONS) return 0;
    return Math.min(1, Math.max(0, (DOTS_FROM + FADE - pitch) / FADE));
}
