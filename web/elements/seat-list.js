/**
 * The hall as a list: sections to open, rows, a checkbox for each seat.
 *
 * Only open sections are rendered, and of long ones a part, so 100,000 seats stay usable.
 */
import { LitElement, guard, html, live, nothing, repeat } from "../vendor/lit.js";
import { countStanding, listRows, orderOf } from "../map/list.js";
import { findBeside } from "./list-keys.js";
import { look } from "./list-look.js";
import { SeatNames } from "./seat-names.js";
import { standingPlaces } from "./standing-places.js";
import { theme } from "./theme.js";

/** @typedef {import("../map/list.js").Row} Row */
/** @typedef {import("../map/model.js").Hall} Hall */
/** @typedef {import("./texts.js").Texts} Texts */

// As many as are rendered well within a blink, and as are gone through at one time.
const SEATS_AT_ONCE = 500;

/**
 * @fires seat-toggle {index}: a seat is to be chosen, or no longer
 * @fires section-quantity {section, quantity}: so many places of a standing section are to be chosen
 */
export class SeatList extends LitElement {
    static properties = {
        hall: { attribute: false },
        texts: { attribute: false },
        currency: {},
        locked: { type: Boolean },
        revision: { type: Number },
        onlyFree: { state: true },
    };

    static styles = [theme, look];

    /** @type {Set<number>} */
    #open = new Set();
    /** @type {Map<number, number>} seats to list, by section */
    #limits = new Map();
    /** @type {Set<number>} chosen seats that others have got */
    #lost = new Set();
    /** @type {number[]} */
    #chosen = [];
    /** @type {SeatNames | null} of hall, texts and currency */
    #names = null;
    #wasLocked = false;
    /** The seat whose checkbox has the focus, and the one that is to get it. */
    #focused = -1;
    #next = -1;
    /** @type {Map<number, boolean>} whether the filter leaves seats, by section */
    #matches = new Map();
    /** @type {unknown} */
    #filter = null;

    constructor() {
        super();
        /** @type {Hall | null} */
        this.hall = null;
        /** @type {Texts | null} */
        this.texts = null;
        this.currency = "EUR";
        this.locked = false;
        /** Another number whenever the hall has changed. */
        this.revision = 0;
        this.onlyFree = false;
    }

    /** @param {Map<string, unknown>} changed */
    willUpdate(changed) {
        const { hall, texts } = this;
        if (!hall || !texts) return;
        if (changed.has("hall")) this.#begin(hall);
        if (["hall", "texts", "currency"].some((name) => changed.has(name))) {
            this.#names = new SeatNames(texts, hall, { currency: this.currency });
        }
        if (this.#filter !== hall.filter) {
            this.#filter = hall.filter;
            this.#matches.clear();
        }
        this.#findLost(hall);
    }

    render() {
        const names = this.#names;
        if (!names) return nothing;
        const { hall, texts } = names;
        const shown = [...hall.sections.keys()].filter((section) => this.#isListed(hall, section));
        return html`
            <div class="top">
                <label>
                    <input type="checkbox" .checked=${this.onlyFree} @change=${this.#toggleFree} />
                    ${texts.t("list-only-free")}
                </label>
                <span class="muted keys">${texts.t("list-keys")}</span>
            </div>
            <div @keydown=${this.#press} @focusin=${this.#mark} @focusout=${this.#mark}
                @click=${this.#refuse} @change=${this.#choose}>
                ${repeat(shown, (section) => section, (section) =>
                    hall.sections[section].numbered
                        ? this.#rowsOf(names, section)
                        : this.#standing(names, section),
                )}
            </div>
            ${shown.length ? nothing : html`<p>${texts.t("list-nothing")}</p>`}`;
    }

    updated() {
        if (this.#next < 0) return;
        /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(`[data-seat="${this.#next}"]`))?.focus();
        this.#next = -1;
    }

    /** @param {Hall} hall */
    #begin(hall) {
        this.#open = new Set(hall.sections.length === 1 ? [0] : []);
        this.#limits.clear();
        this.#lost.clear();
        this.#chosen = [];
        this.#matches.clear();
    }

    /** Seats that were chosen and are others' now stay in the list and say so. @param {Hall} hall */
    #findLost(hall) {
        // Seats that this buyer held are let go of before they are free.
        const chosen = this.#wasLocked ? [] : this.#chosen;
        for (const index of chosen) if (!hall.selected.has(index)) this.#lost.add(index);
        for (const index of this.#lost) if (hall.isFree(index)) this.#lost.delete(index);
        this.#chosen = [...hall.selected];
        this.#wasLocked = this.locked;
    }

    /** @param {Hall} hall @param {number} section @returns {boolean} */
    #isListed(hall, section) {
        const { seats } = hall.sections[section];
        let found = this.#matches.get(section);
        if (found === undefined) {
            found = hall.filter ? seats.some(hall.filter) : seats.length > 0;
            this.#matches.set(section, found);
        }
        return found;
    }

    /** @param {Hall} hall @param {number} index @returns {boolean} */
    #shows(hall, index) {
        if (hall.selected.has(index) || this.#lost.has(index) || index === this.#focused) return true;
        return (!hall.filter || hall.filter(index)) && (!this.onlyFree || hall.isFree(index));
    }

    /** @param {SeatNames} names @param {number} section */
    #head(names, section) {
        const { name, free } = names.hall.sections[section];
        return html`
            <span class="name">${name ?? names.texts.t("list-all")}</span>
            <span>${names.prices(names.hall.sections[section])}</span>
            <span>${names.texts.t("seats-left", { count: free })}</span>`;
    }

    /** @param {SeatNames} names @param {number} section */
    #rowsOf(names, section) {
        const isOpen = this.#open.has(section);
        return html`
            <details .open=${isOpen} data-section=${section} @toggle=${this.#toggle}>
                <summary>${this.#head(names, section)}</summary>
                ${isOpen ? this.#opened(names, section) : nothing}
            </details>`;
    }

    /** @param {SeatNames} names @param {number} section */
    #opened(names, section) {
        const { hall, texts } = names;
        const limit = this.#limits.get(section) ?? SEATS_AT_ONCE;
        const order = orderOf(hall);
        const { rows, next } = listRows(order.sections[section], (index) => this.#shows(hall, index), limit);
        const more = () => {
            this.#limits.set(section, limit + SEATS_AT_ONCE);
            this.#next = next;
            this.requestUpdate();
        };
        return html`
            ${repeat(rows, (row) => order.places[row.seats[0]], (row) => this.#row(names, row))}
            ${rows.length ? nothing : html`<p>${texts.t("list-nothing")}</p>`}
            ${next < 0 ? nothing : html`
                <button type="button" class="more" @click=${more}>${texts.t("list-more")}</button>`}`;
    }

    /** @param {SeatNames} names @param {Row} row */
    #row(names, row) {
        // What has not changed is not put into words again, which takes longest.
        const { hall } = names;
        const looks = row.seats.map((index) => index * 32 + this.#look(hall, index));
        const seat = (/** @type {number} */ index) =>
            guard([names, this.locked, this.#look(hall, index)], () => this.#seat(names, index));
        return guard([names, this.locked, ...looks], () => html`
            <fieldset>
                <legend>${names.row(row)}</legend>
                <div class="seats">${repeat(row.seats, (index) => index, seat)}</div>
            </fieldset>`);
    }

    /** What a seat's line shows of its state, below 32. @param {Hall} hall @param {number} index */
    #look(hall, index) {
        const flags = [hall.selected.has(index), index === this.#focused, this.#lost.has(index)];
        return flags.reduce((bits, flag) => bits * 2 + Number(flag), hall.status[index]);
    }

    /** @param {SeatNames} names @param {number} index */
    #seat(names, index) {
        const { hall } = names;
        const isChosen = hall.selected.has(index);
        const isLost = this.#lost.has(index);
        const isOut = this.locked || (!isChosen && !hall.isFree(index));
        // A disabled control cannot have the focus, and would lose it.
        const isFocused = index === this.#focused;
        const words = names.full(index);
        return html`<label class=${isLost ? "lost" : isOut ? "out" : ""}>
            <input type="checkbox" data-seat=${index} .checked=${live(isChosen)}
                ?disabled=${isOut && !isFocused} aria-disabled=${isOut && isFocused ? "true" : nothing} />
            <span>${isLost ? names.texts.t("list-lost", { seat: words }) : words}</span>
        </label>`;
    }

    /** @param {SeatNames} names @param {number} section */
    #standing(names, section) {
        const { hall, texts } = names;
        const name = hall.sections[section].name ?? texts.t("list-all");
        const places = { ...countStanding(hall, section), name };
        return standingPlaces(places, texts, this.#head(names, section), this.locked, (quantity) => {
            if (quantity !== places.chosen) this.#tell("section-quantity", { section, quantity });
            this.requestUpdate();
        });
    }

    /** @param {Event} event */
    #toggle(event) {
        const { open, dataset } = /** @type {HTMLDetailsElement} */ (event.target);
        const section = Number(dataset.section);
        if (open) this.#open.add(section);
        else this.#open.delete(section);
        this.requestUpdate();
    }

    /** @param {Event} event */
    #toggleFree(event) {
        this.onlyFree = /** @type {HTMLInputElement} */ (event.target).checked;
    }

    /** @param {FocusEvent} event */
    #mark(event) {
        this.#focused = event.type === "focusin" ? seatOf(event) : -1;
        this.requestUpdate();
    }

    /** @param {Event} event */
    #refuse(event) {
        const box = /** @type {Element} */ (event.target);
        if (box.matches('input[aria-disabled="true"]')) event.preventDefault();
    }

    /** @param {Event} event */
    #choose(event) {
        const index = seatOf(event);
        if (index < 0) return;
        this.#lost.clear();
        this.#tell("seat-toggle", { index });
        // Where the choice was refused, nothing else has changed.
        /** @type {HTMLInputElement} */ (event.target).checked = this.hall?.selected.has(index) ?? false;
        this.requestUpdate();
    }

    /** Up and down lead to the row above and below. @param {KeyboardEvent} event */
    #press(event) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!step || seatOf(event) < 0) return;
        findBeside(/** @type {HTMLInputElement} */ (event.target), step)?.focus();
        event.preventDefault();
    }

    /** @param {string} name @param {Record<string, number>} detail */
    #tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail }));
    }
}

/** @param {Event} event @returns {number} the seat whose checkbox it is about, else -1 */
function seatOf(event) {
    const { seat } = /** @type {HTMLElement} */ (event.target).dataset;
    return seat === undefined ? -1 : Number(seat);
}

if (!customElements.get("seatline-list")) customElements.define("seatline-list", SeatList);
