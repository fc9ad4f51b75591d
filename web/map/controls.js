/** What hands move the map with: drag, wheel and pinch, and the minimap. */

import { select, zoom } from "../vendor/d3-zoom.js";
import { Hint } from "./hint.js";
import { Minimap } from "./minimap.js";

/** @import {Stage} from "./stage.js" */
/** @import {View} from "./view.js" */

// A pointer that moved as far was panning, not picking.
const CLICK_PIXELS = 6;

export class Controls {
    /**
     * @param {Stage} stage @param {string} hint shown to those who scroll over the map
     * @param {AbortSignal} signal ends them
     */
    constructor(stage, hint, signal) {
        const { host, hall, view } = stage;
        this.stage = stage;
        const shown = new Hint(host, hint);
        this.minimap = new Minimap(host, hall, (point) => view.center(point));
        followHands(host, view, signal);
        const refuse = (/** @type {WheelEvent} */ event) => isZoom(event) || shown.show();
        host.addEventListener("wheel", refuse, { passive: true, signal });
        signal.addEventListener("abort", () => {
            for (const each of [shown, this.minimap.canvas]) each.remove();
        });
    }

    /** @param {number} ratio device pixels a CSS pixel */
    draw(ratio) {
        const { minimap, stage: { view, looks } } = this;
        minimap.draw(view.seen, !view.fitted && view.width > 2 * minimap.width, ratio, looks);
    }
}

/** @param {HTMLElement} host @param {View} view @param {AbortSignal} signal */
function followHands(host, view, signal) {
    const selection = select(host);
    const hands = zoom()
        .clickDistance(CLICK_PIXELS)
        .filter((event) => accepts(event, view))
        .constrain((transform) => /** @type {any} */ (view.constrain(transform)))
        .on("start", ({ sourceEvent }) => sourceEvent && view.stop())
        .on("zoom", ({ sourceEvent, transform: { k, x, y } }) => sourceEvent && view.take(k, x, y));
    selection.call(/** @type {any} */ (hands)).on("dblclick.zoom", null);
    view.follow = () => {
        hands.scaleExtent(view.scales);
        hands.transform(/** @type {any} */ (selection), /** @type {any} */ (view.transform));
    };
    view.follow();
    signal.addEventListener("abort", () => selection.on(".zoom", null));
}

/** @param {any} event @param {View} view */
function accepts(event, view) {
    if (event.type === "wheel") return isZoom(event);
    // Where everything is seen, one finger scrolls the page.
    if (event.type === "touchstart" && event.touches.length < 2) return !view.fitted;
    return !event.button && !event.ctrlKey;
}

/** A wheel with Ctrl or Meta, which is also what a touch pad's pinch is. @param {WheelEvent} event */
function isZoom(event) {
    return event.ctrlKey || event.metaKey;
}
