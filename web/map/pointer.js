/** What a pointer does to the map: which seat or section it is on. */

import { polygonContains } from "../vendor/d3-polygon.js";

/** @import {Stage} from "./stage.js" */

// Radius in CSS pixels within which a finger or a mouse finds a seat.
const TOUCH_RADIUS = 22;
const MOUSE_RADIUS = 8;

/** @param {Stage} stage @param {AbortSignal} signal ends it */
export function followPointer(stage, signal) {
    const { host } = stage;
    host.addEventListener("click", (event) => pick(stage, /** @type {PointerEvent} */ (event)), { signal });
    host.addEventListener("pointermove", (event) => {
        if (event.pointerType !== "touch" && !event.buttons) hover(stage, locate(host, event), MOUSE_RADIUS);
    }, { signal });
    host.addEventListener("pointerleave", () => hover(stage, [NaN, NaN], 0), { signal });
}

/** @param {Stage} stage @param {PointerEvent} event */
function pick(stage, event) {
    const [x, y] = locate(stage.host, event);
    const pointer = event.pointerType || "mouse";
    const place = stage.toHall(x, y);
    const isFar = stage.level === "sections";
    const section = stage.hall.sections.find(
        ({ hull, numbered }) => (isFar || !numbered) && hull.length && polygonContains(hull, place),
    );
    if (section) {
        if (stage.tell("stage-section", { section }) && section.numbered) stage.zoomTo({ section });
        return;
    }
    const index = find(stage, [x, y], pointer === "mouse" ? MOUSE_RADIUS : TOUCH_RADIUS);
    stage.tell("stage-pick", { index, pointer, x, y });
}

/** @param {Stage} stage @param {[number, number]} place @param {number} radius */
function hover(stage, [x, y], radius) {
    const index = find(stage, [x, y], radius);
    if (stage.hover(index)) stage.tell("stage-hover", { index, x, y });
}

/** @param {Stage} stage @param {[number, number]} place @param {number} radius in CSS pixels */
function find(stage, [x, y], radius) {
    if (stage.level === "sections" || Number.isNaN(x)) return null;
    const [across, down] = stage.toHall(x, y);
    const found = stage.hit.at(across, down, Math.max(radius / stage.scale, stage.hall.pitch / 2));
    return found < 0 ? null : found;
}

/** @param {HTMLElement} host @param {PointerEvent} event @returns {[number, number]} from its corner */
function locate(host, event) {
    const box = host.getBoundingClientRect();
    return [event.clientX - box.left - host.clientLeft, event.clientY - box.top - host.clientTop];
}
