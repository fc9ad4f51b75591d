import { html, svg } from "../vendor/lit.js";

/** @param {import("../vendor/lit.js").TemplateResult} path */
const sign = (path) => html`
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor"
        stroke-width="1.75" stroke-linecap="round">${path}</svg>`;

export const cross = sign(svg`<path d="M3.5 3.5l9 9m0-9l-9 9"/>`);
export const frame = sign(svg`<path d="M2 6V2h4m4 0h4v4m0 4v4h-4m-4 0H2v-4"/>`);
