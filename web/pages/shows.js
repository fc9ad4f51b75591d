/** What is on: `/`. The search stands in the address, `?q=` and `?from=`. */
import { html, live, nothing, repeat } from "../vendor/lit.js";
import { Seatline } from "../client/index.js";
import { explainProblem } from "../elements/checkout/problems.js";
import { Page } from "./frame.js";
import { renderCard } from "./card.js";

/** @typedef {import("../client/api.js").Show} Show */
/** @typedef {import("../elements/texts.js").Texts} Texts */

const PAGE = 24;
const TYPING_MS = 250;

const api = new Seatline(location.origin);
const page = new Page(view);
const asked = new URLSearchParams(location.search);
const search = { q: asked.get("q") ?? "", from: asked.get("from") ?? "" };
/** @type {Show[]} */
let shows = [];
/** @type {string | null} */
let next = null;
/** @type {unknown} */
let problem = null;
let isLoading = true;
let request = new AbortController();
let typing = 0;

/** @param {Texts} texts */
function view(texts) {
    const { t } = texts;
    const body = html`<h1>${t("shows-title")}</h1>
        ${renderSearch(texts)}
        <p class="count muted" role="status">${sayCount(texts)}</p>
        ${problem ? renderProblem(texts) : nothing}
        <ul class="cards" aria-busy=${isLoading ? "true" : "false"}>
            ${repeat(shows, (show) => show.id, (show) => renderCard(show, texts))}
        </ul>
        ${renderAfter(texts)}`;
    return { title: t("shows-title"), body };
}

/** @param {Texts} texts */
function renderSearch({ t }) {
    return html`<search>
        <form class="search" @submit=${submit}>
            <label><span>${t("search-label")}</span>
                <input type="search" name="q" maxlength="200" autocomplete="off" .value=${live(search.q)}
                    @input=${(/** @type {Event} */ event) => change("q", event)}></label>
            <label><span>${t("from-label")}</span>
                <input type="date" name="from" .value=${live(search.from)}
                    @change=${(/** @type {Event} */ event) => change("from", event)}></label>
        </form>
    </search>`;
}

/** @param {Texts} texts */
function sayCount({ t }) {
    if (isLoading && !shows.length) return t("loading");
    if (problem) return "";
    if (!shows.length) return t(search.q || search.from ? "no-shows-found" : "no-shows");
    return t(next ? "show-count-more" : "show-count", { count: shows.length });
}

/** @param {Texts} texts */
function renderProblem(texts) {
    return html`<div class="notice bad" role="alert">
        <p>${explainProblem(problem, texts)}</p>
        <button type="button" @click=${() => load()}>${texts.t("try-again")}</button>
    </div>`;
}

/** @param {Texts} texts */
function renderAfter({ t }) {
    if (isLoading || problem) return nothing;
    if (!shows.length && (search.q || search.from)) {
        return html`<p><button type="button" @click=${clear}>${t("clear-search")}</button></p>`;
    }
    if (!next) return nothing;
    return html`<p class="more"><button type="button" @click=${() => load(next)}>${t("more")}</button></p>`;
}

/** @param {Event} event */
function submit(event) {
    event.preventDefault();
    void load();
}

/** @param {"q" | "from"} name @param {Event} event */
function change(name, event) {
    search[name] = /** @type {HTMLInputElement} */ (event.target).value;
    clearTimeout(typing);
    typing = window.setTimeout(load, TYPING_MS);
}

function clear() {
    search.q = search.from = "";
    void load();
}

/** Shows from the start, or on from a cursor. @param {string | null} [cursor] */
async function load(cursor = null) {
    clearTimeout(typing);
    request.abort();
    const { signal } = (request = new AbortController());
    writeAddress();
    isLoading = true;
    problem = null;
    page.update();
    try {
        const query = { q: search.q.trim(), from: readFrom(), limit: PAGE, cursor: cursor ?? undefined };
        const found = await api.listShows(query, { signal });
        shows = cursor ? [...shows, ...found.items] : found.items;
        next = found.next;
    } catch (error) {
        if (signal.aborted) return;
        problem = error;
        if (!cursor) shows = [];
    }
    isLoading = false;
    page.update();
}

/** @returns {string | undefined} the beginning of the day, where the reader is */
function readFrom() {
    const date = search.from && new Date(`${search.from}T00:00`);
    return date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

function writeAddress() {
    const query = new URLSearchParams(Object.entries(search).filter(([, value]) => value));
    history.replaceState(null, "", query.size ? `/?${query}` : "/");
}

void page.open();
void load();
