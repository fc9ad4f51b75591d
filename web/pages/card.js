/** A show in the list, and what is to be said of its seats. */
import { html } from "../vendor/lit.js";

/** @typedef {import("../client/api.js").Show} Show */
/** @typedef {import("../elements/texts.js").Texts} Texts */

// So few seats, or so small a share of all, are told as few.
const FEW = 10;
const FEW_SHARE = 0.05;

/** @param {Show} show @param {Texts} texts */
export function renderCard(show, texts) {
    const { text, look } = saySeats(show, texts);
    return html`<li class="card">
        ${renderTile(show, texts)}
        <div class="what">
            <h2><a href="/s/${show.id}">${show.name}</a></h2>
            <p class="muted">${sayStart(show, texts)}</p>
        </div>
        <p class="price">${sayPrice(show, texts)}</p>
        <p class="left ${look}">${text}</p>
    </li>`;
}

/** The day as a leaf of a calendar. @param {Show} show @param {Texts} texts */
function renderTile({ start_time, time_zone: timeZone }, { locale }) {
    const date = new Date(start_time);
    /** @param {Intl.DateTimeFormatOptions} options */
    const say = (options) => new Intl.DateTimeFormat(locale, { ...options, timeZone }).formatToParts(date);
    const [month] = say({ month: "short" }).filter(({ type }) => type === "month");
    const [day] = say({ day: "numeric" }).filter(({ type }) => type === "day");
    return html`<p class="tile" aria-hidden="true">
        <span>${month.value}</span><strong>${day.value}</strong></p>`;
}

/**
 * When a show starts, in its own time zone, which is named where the reader's is another.
 *
 * @param {Show} show
 * @param {Texts} texts
 * @returns {string}
 */
export function sayStart({ start_time, time_zone }, texts) {
    const when = sayWhen(start_time, time_zone, texts);
    if (isLocal(start_time, time_zone)) return when;
    return `${when} (${nameZone(start_time, time_zone, texts.locale)})`;
}

/** @param {string} iso @param {string} timeZone @param {Texts} texts @returns {string} day and time there */
export function sayWhen(iso, timeZone, texts) {
    return texts.t("when", { day: texts.day(iso, timeZone), time: texts.time(iso, timeZone) });
}

/** @param {string} iso @param {string} timeZone @returns {boolean} whether clocks here say the same then */
function isLocal(iso, timeZone) {
    /** @param {string} [zone] */
    const say = (zone) => new Date(iso).toLocaleString("en", { timeZone: zone });
    return say(timeZone) === say();
}

/** @param {string} iso @param {string} timeZone @param {string} locale @returns {string} "CET", "UTC" */
function nameZone(iso, timeZone, locale) {
    const format = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: "short" });
    const parts = format.formatToParts(new Date(iso));
    return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}

/** @param {Show} show @param {Texts} texts @returns {string} the lowest price */
export function sayPrice({ sections, currency }, texts) {
    const low = Math.min(...sections.map(({ price }) => price));
    const high = Math.max(...sections.map(({ price_max: price }) => price));
    if (high === 0) return texts.t("price-free");
    const price = texts.price(low, currency);
    return texts.t(low === high ? "price-one" : "price-from", { price });
}

/**
 * @param {Show} show
 * @param {Texts} texts
 * @returns {{ text: string, look: "good" | "few" | "none" }}
 */
export function saySeats(show, texts) {
    const { seats, status, total_seats: total } = show;
    const count = seats.available;
    /** @type {(id: string, look: "good" | "few" | "none", args?: Record<string, string | number>) => any} */
    const say = (id, look, args) => ({ look, text: texts.t(id, args) });
    if (status === "cancelled") return say("show-cancelled", "none");
    if (status === "closed") return say("sales-closed", "none");
    if (status === "scheduled" && show.sales_open_at) {
        const at = [show.sales_open_at, show.time_zone];
        return say("sales-open", "none", { day: texts.day(at[0], at[1]), time: texts.time(at[0], at[1]) });
    }
    if (!count) return say(seats.held ? "all-held" : "sold-out", "none");
    const isFew = count <= FEW || count < total * FEW_SHARE;
    return say(isFew ? "seats-left-few" : "seats-left", isFew ? "few" : "good", { count });
}
