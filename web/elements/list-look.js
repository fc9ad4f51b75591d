import { css } from "../vendor/lit.js";

/** How <seatline-list> looks, beside the theme. */
export const look = css`
    .top { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; padding: 0.5rem 0; }
    details { border-block-start: 1px solid var(--seatline-line); }
    summary, .standing { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0.75rem 0.25rem; }
    summary::before { content: "▸" / ""; }
    [open] > summary::before { content: "▾" / ""; }
    .name { flex: 1 1 auto; font-weight: 600; }
    fieldset {
        padding: 0.25rem 0.25rem 0.75rem;
        content-visibility: auto;
        contain-intrinsic-block-size: auto 8rem;
    }
    legend { padding: 0.25rem 0; font-weight: 600; }
    .seats {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr));
        column-gap: 1rem;
    }
    label { display: flex; gap: 0.5rem; align-items: center; min-height: 2.25rem; }
    label input { flex: none; }
    :is(button, input, summary) { scroll-margin-block-end: var(--seatline-bar, 0px); }
    .out { color: var(--seatline-muted); }
    .lost { color: var(--seatline-danger); font-weight: 600; }
    .standing { align-items: center; border-block-start: 1px solid var(--seatline-line); }
    .standing input { width: 5rem; text-align: center; }
    .more { margin: 0.25rem 0 1rem; }
    @media (pointer: coarse) { .keys { display: none; } }
`;
