import { css } from "../vendor/lit.js";

export const mapStyle = css`
    :host {
        container: seatline-map / inline-size;
        padding: var(--seatline-padding, 0.75rem);
        border-radius: var(--seatline-radius);
    }
    .frame { display: grid; gap: 0.75rem; position: relative; }
    .toolbar { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; align-items: end; }
    .field { display: grid; gap: 0.25rem; min-width: 0; }
    .field label { color: var(--seatline-muted); font-size: 0.8125rem; }
    .field select { max-width: 14rem; }
    .stepper {
        display: inline-flex;
        border: 1px solid var(--seatline-edge);
        border-radius: var(--seatline-radius);
    }
    /* As high as other fields, borders included. */
    .stepper :is(button, input) { min-height: calc(2.75rem - 2px); }
    .stepper button { border-color: transparent; background: transparent; }
    .stepper button:hover:enabled { background: color-mix(in srgb, var(--seatline-text) 7%, transparent); }
    .stepper button:disabled { color: var(--seatline-muted); opacity: 0.5; }
    .stepper input {
        width: 2.75rem;
        padding: 0;
        border: 0;
        background: transparent;
        text-align: center;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        appearance: textfield;
    }
    .stepper input::-webkit-inner-spin-button { appearance: none; margin: 0; }
    .icon { width: 2.75rem; padding: 0; font-size: 1.25rem; line-height: 1; }
    .tabs {
        display: inline-flex;
        margin-inline-start: auto;
        padding: 3px;
        border-radius: calc(var(--seatline-radius) + 3px);
        background: var(--seatline-surface);
        box-shadow: inset 0 0 0 1px var(--seatline-line);
    }
    .tabs button {
        min-height: 2.5rem;
        border-color: transparent;
        background: transparent;
        color: var(--seatline-muted);
    }
    .tabs [aria-selected="true"] {
        border-color: var(--seatline-edge);
        background: var(--seatline-bg);
        color: var(--seatline-text);
    }
    .body {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(17rem, 21rem);
        gap: 1rem;
        align-items: start;
    }
    /* What gets the focus is scrolled to above what lies over the lower edge: the bar, or something of the page. */
    .views, .basket { --seatline-bar: var(--seatline-covered, 0px); }
    :is(.views, .basket) :is(button, input, select) { scroll-margin-block-end: var(--seatline-bar); }
    .views { display: grid; gap: 0.75rem; }
    .map-panel { display: grid; gap: 0.75rem; }
    .stage-box {
        position: relative;
        isolation: isolate;
        overflow: hidden;
        height: var(--seatline-map-height, clamp(20rem, 68vh, 46rem));
        border: 1px solid var(--seatline-line);
        border-radius: var(--seatline-radius);
        background: var(--seatline-stage);
    }
    .stage { position: absolute; isolation: isolate; inset: 0; }
    .zoom { position: absolute; inset: 0.75rem 0.75rem auto auto; display: grid; gap: 0.375rem; }
    .zoom button { background: var(--seatline-bg); box-shadow: 0 1px 3px rgb(0 0 0 / 0.14); }
    .tip {
        position: absolute;
        inset: 0 auto auto 0;
        max-width: 90%;
        padding: 0.25rem 0.625rem;
        border-radius: 8px;
        background: var(--seatline-text);
        color: var(--seatline-bg);
        font-size: 0.875rem;
        pointer-events: none;
        white-space: nowrap;
    }
    .card {
        position: absolute;
        inset: auto 0.75rem 0.75rem;
        display: grid;
        grid-template-columns: 1fr auto auto;
        gap: 0.5rem;
        align-items: center;
        max-width: 30rem;
        margin-inline: auto;
        padding: 0.5rem 0.25rem 0.5rem 1rem;
        border: 1px solid var(--seatline-edge);
        border-radius: calc(var(--seatline-radius) + 4px);
        background: var(--seatline-bg);
        box-shadow: 0 8px 28px rgb(0 0 0 / 0.2);
        /* What is chosen may stick to the bottom of the screen. */
        scroll-margin-block: 1rem 9rem;
    }
    .views > .card { position: static; margin: 0; }
    .card p { display: grid; line-height: 1.3; }
    .card p .muted { font-size: 0.875rem; }
    .card > .icon.quiet { grid-column: 3; }
    .standing { display: flex; flex-wrap: wrap; gap: 0.5rem; }
    .standing button { flex-wrap: wrap; gap: 0 0.625rem; }
    .standing .muted { font-weight: 400; font-size: 0.875rem; }
    .legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.125rem; list-style: none; font-size: 0.875rem; }
    .legend li { display: inline-flex; gap: 0.375rem; align-items: center; }
    .legend canvas { width: 20px; height: 20px; }
    .side, .basket, .bar { display: grid; gap: 0.75rem; }
    .side {
        padding: 1rem;
        border: 1px solid var(--seatline-line);
        border-radius: var(--seatline-radius);
        background: var(--seatline-surface);
    }
    .basket h2 { font-size: 1.0625rem; font-weight: 650; }
    .basket .notice { display: grid; gap: 0.5rem; background: var(--seatline-bg); }
    .told { display: flex; gap: 0.25rem; align-items: start; }
    .told p { flex: 1; }
    .told h2 { flex: 1; }
    .small { min-height: 1.75rem; padding: 0 0.25rem; }
    .told .icon { width: 2rem; min-height: 2rem; margin: -0.25rem -0.5rem 0 0; }
    .basket ul { display: grid; list-style: none; overflow: auto; max-height: 24rem; }
    .basket li {
        display: flex;
        gap: 0.5rem;
        align-items: center;
        min-height: 3rem;
        padding-block: 0.3125rem;
        border-block-end: 1px solid var(--seatline-line);
    }
    .seat { display: grid; flex: 1; line-height: 1.3; font-weight: 550; }
    .seat .muted { font-weight: 400; font-size: 0.875rem; }
    .sum, .total { font-variant-numeric: tabular-nums; }
    .total { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
    .total strong { margin-inline-start: 0.375rem; font-size: 1.125rem; }
    .wide { width: 100%; }
    .primary.wide { min-height: 3rem; }
    .row { display: flex; flex-wrap: wrap; gap: 0.5rem; }
    .hold-bar { display: grid; gap: 0.625rem; }
    .hold-bar p {
        color: var(--seatline-ok);
        font-size: 1.25rem;
        font-weight: 650;
        font-variant-numeric: tabular-nums;
    }
    .hold-bar.late p { color: var(--seatline-danger); }
    .skeleton { display: grid; gap: 0.75rem; }
    .bone {
        border-radius: var(--seatline-radius);
        background: var(--seatline-surface);
        animation: breathe 1.6s ease-in-out infinite alternate;
    }
    .bone.line { width: min(100%, 28rem); height: 2.75rem; }
    .bone.hall {
        display: grid;
        place-items: center;
        height: var(--seatline-map-height, clamp(20rem, 68vh, 46rem));
    }
    @keyframes breathe { to { background: var(--seatline-line); } }
    @container seatline-map (max-width: 46rem) {
        .stage-box, .bone.hall { height: var(--seatline-map-height, clamp(18rem, 56vh, 32rem)); }
        .toolbar { gap: 0.625rem; }
        .tabs { margin-inline-start: 0; }
        .tabs, .field:has(select) { flex: 1 1 8rem; }
        .tabs button { flex: 1; }
        .field select { max-width: none; width: 100%; }
        .field:has(select) label { position: absolute; clip-path: inset(50%); }
        .body { display: block; }
        .side { display: contents; }
        .basket, .bar { padding: 1rem; background: var(--seatline-surface); }
        .basket {
            margin-block-start: 1rem;
            border: solid var(--seatline-line);
            border-width: 1px 1px 0;
            border-radius: var(--seatline-radius) var(--seatline-radius) 0 0;
        }
        .bar { border: 1px solid var(--seatline-line); border-block-start: 0; }
        .bar.filled {
            position: sticky;
            z-index: 1;
            inset-block-end: 0;
            gap: 0.375rem;
            padding-block: 0.625rem;
            border-block-start: 1px solid var(--seatline-line);
            box-shadow: 0 -6px 18px rgb(0 0 0 / 0.1);
        }
        .bar .hold-bar { display: flex; flex-wrap: wrap; place-content: space-between; align-items: center; }
        .views, .basket { --seatline-bar: max(10rem, var(--seatline-covered, 0px)); }
        .hold-bar p { font-size: 1.0625rem; }
        .hold-bar button { padding-inline: 0.625rem; }
        .icon { width: 2.5rem; min-height: 2.5rem; }
    }
    @media (max-height: 30rem) {
        .bar.filled { position: static; }
        .views, .basket { --seatline-bar: var(--seatline-covered, 0px); }
    }
    @media (forced-colors: active) {
        .tabs [aria-selected="true"] { border-color: Highlight; }
        .tip { border: 1px solid CanvasText; }
    }
    @media print {
        .toolbar, .zoom, .card, .tip, .basket button { display: none; }
    }
`;
