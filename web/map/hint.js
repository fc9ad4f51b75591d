/** A line over the map that shows for a moment. */

import { setStyle } from "./style.js";

const SHOWN_MS = 1500;

export class Hint {
    #timer = 0;

    /** @param {HTMLElement} host @param {string} text */
    constructor(host, text) {
        this.element = document.createElement("div");
        this.element.textContent = text;
        this.element.setAttribute("aria-hidden", "true");
        setStyle(this.element, {
            position: "absolute", inset: "auto 0 12px", width: "fit-content", margin: "auto", "z-index": "3",
            padding: "6px 12px", "border-radius": "6px", font: "14px system-ui, sans-serif", opacity: "0",
            color: "#fff", background: "#1b1f24", "pointer-events": "none", transition: "opacity 0.2s",
        });
        host.append(this.element);
    }

    show() {
        setStyle(this.element, { opacity: "1" });
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => setStyle(this.element, { opacity: "0" }), SHOWN_MS);
    }

    remove() {
        clearTimeout(this.#timer);
        this.element.remove();
    }
}
