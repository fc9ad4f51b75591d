/** What all pages have: texts in the language of choice, header, footer, title. */
import { html, render } from "../vendor/lit.js";
import { loadTexts } from "../elements/texts.js";
import { theme } from "../elements/theme.js";

const LANGUAGES = { en: "English", de: "Deutsch" };
const STORED = "seatline-language";
/** @type {Record<string, string>} */
const FOOTER = {
    "/docs": "documentation", "/shows": "shows-as-json", "/problems": "problems", "/healthz": "health",
};

/** A page in `#page`, drawn anew whenever its texts or its state are others. */
export class Page {
    #main = /** @type {HTMLElement} */ (document.querySelector("#page"));
    #top = document.createElement("div");
    #footer = document.querySelector("footer");
    /** @type {import("../elements/texts.js").Texts | null} */
    #texts = null;
    #view;
    #title = "";

    /** @param {(texts: import("../elements/texts.js").Texts) => { title: string, body: unknown }} view */
    constructor(view) {
        this.#view = view;
        this.#main.tabIndex = -1;
        this.#main.replaceChildren();
        this.#main.before(this.#top);
        const { styleSheet } = theme;
        if (styleSheet) document.adoptedStyleSheets.push(styleSheet);
    }

    /** The language that the reader has chosen here, else the document's, as spoken in the reader's region. */
    get language() {
        const chosen = readStored();
        const language = chosen in LANGUAGES ? chosen : document.documentElement.lang.split("-")[0];
        return navigator.languages.find((each) => each.split("-")[0] === language) ?? language;
    }

    /** Loads the texts, and draws the page. */
    async open() {
        const { language } = this;
        const texts = await loadTexts(language, "pages");
        if (language !== this.language) return;
        this.#texts = texts;
        document.documentElement.lang = texts.locale;
        render(this.#renderTop(texts), this.#top);
        this.#nameLinks(texts);
        this.update();
    }

    update() {
        if (!this.#texts) return;
        const { title, body } = this.#view(this.#texts);
        render(body, this.#main);
        const full = `${title} – ${this.#texts.t("service")}`;
        if (full !== this.#title) document.title = this.#title = full;
    }

    /** @param {import("../elements/texts.js").Texts} texts */
    #renderTop({ t, locale }) {
        return html`<a class="skip" href="#page">${t("skip")}</a>
            <header class="top">
                <a class="brand" href="/">${drawMark()}${t("service")}</a>
                <nav aria-label=${t("language")}>${Object.entries(LANGUAGES).map(([code, name]) => html`
                    <button type="button" class="quiet" lang=${code}
                        aria-pressed=${String(locale.startsWith(code))}
                        @click=${() => this.#speak(code)}>${name}</button>`)}</nav>
            </header>`;
    }

    /** @param {string} language */
    #speak(language) {
        try {
            localStorage.setItem(STORED, language);
        } catch {
            document.documentElement.lang = language;
        }
        void this.open();
    }

    /** The footer came with the document, in the language that the browser asks for. */
    #nameLinks(/** @type {import("../elements/texts.js").Texts} */ { t }) {
        for (const link of this.#footer?.querySelectorAll("a") ?? []) {
            const id = FOOTER[link.getAttribute("href") ?? ""];
            if (id) link.textContent = t(id);
        }
    }
}

/** @returns {string} "" where nothing is stored, or storage is closed to us */
function readStored() {
    try {
        return localStorage.getItem(STORED) ?? "";
    } catch {
        return "";
    }
}

function drawMark() {
    return html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M3 17a14 14 0 0 1 18 0" fill="none" stroke="currentColor" stroke-width="2.5"
            stroke-linecap="round"></path>
        <circle cx="5.5" cy="9.5" r="2.2"></circle>
        <circle cx="12" cy="7" r="2.2"></circle>
        <circle cx="18.5" cy="9.5" r="2.2"></circle>
    </svg>`;
}

/** @param {string} name of a meta element @returns {string | null} */
export function readMeta(name) {
    return document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? null;
}

/** @returns {string} the id at the end of the page's address */
export function readId() {
    return decodeURIComponent(location.pathname.split("/")[2] ?? "");
}

/**
 * Where there is nothing, or nothing to be had.
 *
 * @param {{ title: string, note: string, home: string }} words
 */
export function renderMissing({ title, note, home }) {
    return html`<div class="missing">
        <h1>${title}</h1>
        <p>${note}</p>
        <p><a class="button primary" href="/">${home}</a></p>
    </div>`;
}
