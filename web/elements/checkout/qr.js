/** A QR code, drawn as SVG. Loaded with the first ticket. */
import { encode } from "../../vendor/uqr.js";
import { html } from "../../vendor/lit.js";

// Readers need four light modules around the code.
const BORDER = 4;

/**
 * Black on white whatever the colours around it: that is what readers expect.
 *
 * @param {string} text
 * @param {string} label its accessible name
 */
export function drawQr(text, label) {
    const { data, size } = encode(text, { ecc: "M", border: BORDER });
    return html`<svg class="qr" part="qr" role="img" aria-label=${label} viewBox="0 0 ${size} ${size}"
        shape-rendering="crispEdges">
        <rect width=${size} height=${size} fill="#fff"></rect>
        <path fill="#000" d=${tracePath(data)}></path>
    </svg>`;
}

/** @param {boolean[][]} rows @returns {string} a rectangle for each run of dark modules */
function tracePath(rows) {
    let path = "";
    rows.forEach((row, y) => {
        for (let x = 0; x < row.length; x += 1) {
            let end = x;
            while (row[end]) end += 1;
            if (end > x) path += `M${x} ${y}h${end - x}v1h-${end - x}z`;
            x = end;
        }
    });
    return path;
}
