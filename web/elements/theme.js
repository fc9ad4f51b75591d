/**
 * The look that all elements share.
 *
 * Defaults are the initial values of registered properties, so any rule of a host's page wins over them, on
 * the element or on any ancestor. Light and dark follow `color-scheme`, which a host may set on the element.
 */
import { css } from "../vendor/lit.js";

/** @type {Record<string, string>} */
const DEFAULTS = {
    "accent": "light-dark(#3446c8, #a9b8ff)",
    "on-accent": "light-dark(#ffffff, #10163a)",
    "bg": "light-dark(#ffffff, #15171c)",
    "surface": "light-dark(#f5f6f9, #1f2229)",
    "text": "light-dark(#15181e, #eef0f4)",
    "muted": "light-dark(#566070, #a8b0bd)",
    "line": "light-dark(#dde1e8, #343944)",
    "edge": "light-dark(#7f8896, #7d8796)",
    "danger": "light-dark(#b3261e, #ffb4ab)",
    "ok": "light-dark(#12704a, #7fdcab)",
    "stage": "light-dark(#fafbfc, #1a1d23)",
    "radius": "10px",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
};

for (const [name, initialValue] of Object.entries(DEFAULTS)) {
    try {
        CSS.registerProperty({ name: `--seatline-${name}`, syntax: "*", inherits: true, initialValue });
    } catch {
        // A second copy of this module on the page finds them registered.
    }
}

/** Host, buttons, fields, links. A page may adopt it too: `:host` matches nothing there. */
export const theme = css`
    :host {
        display: block;
        color-scheme: light dark;
        color: var(--seatline-text);
        background: var(--seatline-bg);
        font: 400 1rem/1.45 var(--seatline-font);
        -webkit-text-size-adjust: 100%;
    }
    :host([hidden]), [hidden] { display: none !important; }
    *, *::before, *::after { box-sizing: border-box; }
    button, input, select {
        font: inherit;
        color: inherit;
        letter-spacing: inherit;
    }
    button, .button, select, input:not([type="checkbox"], [type="radio"]) {
        min-height: 2.75rem;
        padding: 0.5rem 0.875rem;
        border: 1px solid var(--seatline-edge);
        border-radius: var(--seatline-radius);
        background: var(--seatline-bg);
    }
    button, .button, select, summary { cursor: pointer; }
    button, .button {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 0.5rem;
        color: var(--seatline-text);
        font-weight: 550;
        text-decoration: none;
        touch-action: manipulation;
        transition: background-color 120ms, border-color 120ms;
    }
    button:hover, .button:hover {
        background: color-mix(in srgb, var(--seatline-text) 7%, var(--seatline-bg));
    }
    .primary {
        border-color: transparent;
        background: var(--seatline-accent);
        color: var(--seatline-on-accent);
    }
    .primary:hover {
        background: color-mix(in srgb, var(--seatline-accent) 86%, var(--seatline-text));
    }
    .quiet { border-color: transparent; background: transparent; color: var(--seatline-accent); }
    .danger { color: var(--seatline-danger); }
    button:disabled, button[aria-disabled="true"] {
        border-color: var(--seatline-line);
        background: var(--seatline-surface);
        color: var(--seatline-muted);
        cursor: not-allowed;
    }
    input[type="checkbox"], input[type="radio"] {
        width: 1.5rem;
        height: 1.5rem;
        margin: 0;
        accent-color: var(--seatline-accent);
    }
    a { color: var(--seatline-accent); text-underline-offset: 0.15em; }
    :focus-visible { outline: 3px solid var(--seatline-accent); outline-offset: 2px; }
    h1, h2, h3, p, ul, ol, dl, dd, fieldset { margin: 0; padding: 0; border: 0; }
    .muted { color: var(--seatline-muted); }
    .notice {
        padding: 0.75rem 1rem;
        border: 1px solid var(--seatline-line);
        border-inline-start: 4px solid var(--seatline-accent);
        border-radius: var(--seatline-radius);
        background: var(--seatline-surface);
    }
    .notice.bad { border-inline-start-color: var(--seatline-danger); }
    .notice.good { border-inline-start-color: var(--seatline-ok); }
    .visually-hidden {
        position: absolute;
        width: 1px;
        height: 1px;
        margin: -1px;
        overflow: hidden;
        clip-path: inset(50%);
        white-space: nowrap;
    }
    @media (forced-colors: active) {
        :focus-visible { outline-color: Highlight; }
        .primary { border-color: ButtonText; }
        button:disabled, button[aria-disabled="true"] { border-color: GrayText; color: GrayText; }
    }
    @media (prefers-reduced-motion: reduce) {
        *, *::before, *::after { transition: none !important; animation: none !important; }
    }
`;
