import { css } from "../../vendor/lit.js";

/** The look of a checkout. */
export const styles = css`
    section { display: grid; gap: 1rem; }
    h2 { font-size: 1.125rem; line-height: 1.3; }
    h2:focus { outline: none; }
    h2:focus-visible { outline: 3px solid var(--seatline-accent); outline-offset: 4px; }
    ul { list-style: none; }
    .seats { display: grid; gap: 0.25rem; overflow-wrap: anywhere; }
    .total {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        padding-block-start: 0.75rem;
        border-block-start: 1px solid var(--seatline-line);
    }
    .total strong { font-size: 1.375rem; font-variant-numeric: tabular-nums; }
    .clock {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0.5rem 1rem;
        align-items: center;
        padding: 0.75rem 1rem;
        border-radius: var(--seatline-radius);
        background: var(--seatline-surface);
    }
    .clock p { display: grid; }
    .clock span:first-child { color: var(--seatline-muted); font-size: 0.875rem; }
    [role="timer"] { font: 600 1.75rem/1.1 var(--seatline-font); font-variant-numeric: tabular-nums; }
    .short [role="timer"] { color: var(--seatline-danger); }
    progress {
        grid-column: 1 / -1;
        width: 100%;
        height: 0.25rem;
        border: 0;
        border-radius: 1rem;
        overflow: hidden;
        appearance: none;
        background: var(--seatline-line);
        accent-color: var(--seatline-accent);
    }
    progress::-webkit-progress-bar { background: var(--seatline-line); }
    progress::-webkit-progress-value { background: var(--seatline-accent); }
    progress::-moz-progress-bar { background: var(--seatline-accent); }
    .short progress::-webkit-progress-value { background: var(--seatline-danger); }
    .short progress::-moz-progress-bar { background: var(--seatline-danger); }
    .note:empty { display: none; }
    .note { color: var(--seatline-muted); font-size: 0.9375rem; }
    .deeds { display: flex; flex-wrap: wrap; gap: 0.5rem; }
    .deeds .primary { flex: 1 1 12rem; min-height: 3rem; }
    .deeds .quiet { flex: 0 1 auto; }
    .notice { display: grid; gap: 0.375rem; }
    .work { display: flex; align-items: center; gap: 0.625rem; }
    .spinner {
        flex: none;
        width: 1.125rem;
        height: 1.125rem;
        border: 2px solid var(--seatline-line);
        border-block-start-color: var(--seatline-accent);
        border-radius: 50%;
        animation: turn 900ms linear infinite;
    }
    @keyframes turn { to { transform: rotate(1turn); } }
    .ready { color: var(--seatline-ok); font-weight: 550; }

    .ticket {
        display: flex;
        flex-wrap: wrap;
        border: 1px solid var(--seatline-line);
        border-radius: calc(var(--seatline-radius) * 1.5);
        background: var(--seatline-surface);
        overflow: hidden;
    }
    .ticket dl { flex: 1 1 14rem; display: grid; align-content: center; gap: 0.875rem; padding: 1.25rem; }
    .ticket dt { color: var(--seatline-muted); font-size: 0.8125rem; }
    .ticket dd { overflow-wrap: anywhere; }
    .ticket .name { font-size: 1.25rem; font-weight: 650; line-height: 1.25; }
    .code {
        flex: 1 1 13rem;
        display: grid;
        justify-items: center;
        align-content: center;
        gap: 0.5rem;
        padding: 1.25rem;
        border-inline-start: 2px dashed var(--seatline-line);
        margin-inline-start: -2px;
        text-align: center;
    }
    .qr { display: block; width: 100%; max-width: 13rem; border-radius: var(--seatline-radius); }
    code { font: 600 1rem/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
    .code .muted { font-size: 0.875rem; }
    @media print {
        .deeds, .ready, .clock, .note { display: none !important; }
        .ticket { border-color: #000; background: none; break-inside: avoid; }
        .code { border-color: #000; }
    }
`;
