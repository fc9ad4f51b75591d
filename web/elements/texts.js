/**
 * Texts by Fluent, money and dates by Intl.
 *
 * The texts of a base lie in web/texts/{base}.{language}.ftl. English stands in where a language or an id
 * is missing.
 */
import { FluentBundle, FluentResource } from "../vendor/fluent.js";

const LANGUAGES = ["en", "de"];

/** @type {Map<string, Promise<string>>} */
const files = new Map();

/** @typedef {Record<string, string | number>} TextArgs */

/**
 * The locale an element speaks: its attribute, else the nearest `lang`, else the browser's language.
 *
 * @param {Element} element
 * @returns {string} BCP 47
 */
export function localeOf(element) {
    /** @type {Element | null} */
    let at = element;
    const own = element.getAttribute("locale");
    if (own) return own;
    while (at) {
        const near = /** @type {HTMLElement | null} */ (at.closest("[lang]"));
        if (near?.lang) return near.lang;
        const root = at.getRootNode();
        at = root instanceof ShadowRoot ? root.host : null;
    }
    return navigator.language || "en";
}

/**
 * @param {string} locale BCP 47
 * @param {"map" | "checkout" | "pages"} base
 * @param {Record<string, string>} [overrides] Fluent patterns by id, "{ $count } places" for example
 * @returns {Promise<Texts>} rejected where not even the English texts can be fetched
 */
export async function loadTexts(locale, base, overrides = {}) {
    const spoken = supported(locale);
    const language = spoken.split("-")[0];
    const english = file(base, "en");
    const own = language === "en" ? english : file(base, language).catch(() => english);
    const bundles = [bundle(spoken, await own)];
    if (language !== "en") bundles.push(bundle("en", await english));
    const lines = Object.entries(overrides).map(([id, text]) => `${id} = ${text.replaceAll("\n", "\n    ")}`);
    bundles[0].addResource(new FluentResource(lines.join("\n")), { allowOverrides: true });
    return new Texts(spoken, bundles);
}

/** @param {string} locale @returns {string} */
function supported(locale) {
    try {
        const [tag] = Intl.getCanonicalLocales(locale);
        return LANGUAGES.includes(tag.split("-")[0]) ? tag : "en";
    } catch {
        return "en";
    }
}

/** @param {string} base @param {string} language @returns {Promise<string>} */
function file(base, language) {
    const url = new URL(`../texts/${base}.${language}.ftl`, import.meta.url).href;
    let text = files.get(url);
    if (!text) {
        text = fetch(url).then((answer) => {
            if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
            return answer.text();
        });
        text.catch(() => files.delete(url));
        files.set(url, text);
    }
    return text;
}

/** @param {string} locale @param {string} source @returns {FluentBundle} */
function bundle(locale, source) {
    // Isolation marks would be part of every accessible name.
    const made = new FluentBundle(locale, { useIsolating: false });
    made.addResource(new FluentResource(source));
    return made;
}

export class Texts {
    /** @type {Map<string, Intl.NumberFormat>} */
    #money = new Map();

    /** @param {string} locale @param {FluentBundle[]} bundles the first that has an id gives its text */
    constructor(locale, bundles) {
        this.locale = locale;
        this.bundles = bundles;
        this.t = this.t.bind(this);
    }

    /**
     * @param {string} id
     * @param {TextArgs} [args]
     * @returns {string} the id itself where no text has it
     */
    t(id, args) {
        for (const found of this.bundles) {
            const message = found.getMessage(id);
            if (message?.value) return found.formatPattern(message.value, args, []);
        }
        return id;
    }

    /** @param {string} id @returns {boolean} */
    has(id) {
        return this.bundles.some((found) => found.hasMessage(id));
    }

    /** @param {number} minor minor units @param {string} currency ISO 4217 @returns {string} "€45.00" */
    money(minor, currency) {
        return this.#format(minor, currency, "auto");
    }

    /**
     * @param {number} minor minor units
     * @param {string} currency ISO 4217
     * @returns {string} "€45", "€45.50"
     */
    price(minor, currency) {
        return this.#format(minor, currency, "stripIfInteger");
    }

    /** @param {string} iso @param {string} timeZone IANA name @returns {string} the time of day there */
    time(iso, timeZone) {
        return this.#date(iso, timeZone, { hour: "numeric", minute: "2-digit" });
    }

    /** @param {string} iso @param {string} timeZone IANA name @returns {string} weekday and date there */
    day(iso, timeZone) {
        return this.#date(iso, timeZone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    }

    /**
     * @param {number} minor
     * @param {string} currency
     * @param {"auto" | "stripIfInteger"} zeros
     */
    #format(minor, currency, zeros) {
        const key = currency + zeros;
        let format = this.#money.get(key);
        if (!format) {
            const options = { style: "currency", currency, trailingZeroDisplay: zeros };
            format = new Intl.NumberFormat(this.locale, /** @type {Intl.NumberFormatOptions} */ (options));
            this.#money.set(key, format);
        }
        return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
    }

    /** @param {string} iso @param {string} timeZone @param {Intl.DateTimeFormatOptions} options */
    #date(iso, timeZone, options) {
        return new Intl.DateTimeFormat(this.locale, { ...options, timeZone }).format(new Date(iso));
    }
}
