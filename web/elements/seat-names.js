/** Seats, sums and spans of time in the words of the page. */

/** @typedef {{indexes: number[], text: string, section: string | null}} Item one line of a choice */

export class SeatNames {
    /** @param {import("./texts.js").Texts} texts @param {any} hall @param {any} show */
    constructor(texts, hall, show) {
        this.texts = texts;
        this.hall = hall;
        this.show = show;
        this.priced = hall.price.some((/** @type {number} */ price) => price > 0);
        this.share = new Intl.NumberFormat(texts.locale, { style: "percent", maximumFractionDigits: 0 });
        this.list = new Intl.ListFormat(texts.locale, { type: "conjunction" });
    }

    /** @param {number} index @returns {any} */
    sectionOf(index) {
        return this.hall.sections[this.hall.section[index]];
    }

    /** @param {number} index @returns {string} "Row C, seat 12" */
    seat(index) {
        const { rows, labels, numbers } = this.hall;
        const section = this.sectionOf(index);
        if (!section.numbered) return this.texts.t("seat-standing", { section: section.name ?? "" });
        const seat = labels[index] ?? numbers[index];
        const row = rows[index];
        return row ? this.texts.t("seat-in-row", { row, seat }) : this.texts.t("seat-alone", { seat });
    }

    /** @param {number} index @returns {string} "€45", "" where nothing has a price */
    price(index) {
        return this.money(this.hall.price[index]);
    }

    /** @param {number} minor @returns {string} */
    money(minor) {
        return this.priced ? this.texts.price(minor, this.show.currency) : "";
    }

    /**
     * @param {number} kind a look of seats
     * @returns {string} "Category I · €45"; of none, the sections that have it
     */
    kind(kind) {
        const { name, price } = this.hall.kinds[kind];
        const sections = this.hall.sections.filter((/** @type {any} */ section) => section.kind === kind);
        const names = name ? [name] : sections.map((/** @type {any} */ section) => section.name).filter(Boolean);
        return [names.length > 2 ? "" : names.join(", "), this.money(price)].filter(Boolean).join(" · ");
    }

    /**
     * @param {any} section
     * @returns {string[]} what is written on it when it is far: name, price, share left
     */
    lines({ name, low, high, free, capacity }) {
        const price = low === high ? this.money(low) : this.texts.t("from-price", { price: this.money(low) });
        // All but a few seats left is not all, and a few are not none.
        const share = this.share.format(free && Math.min(Math.max(free / capacity, 0.01), free < capacity ? 0.99 : 1));
        return [name ?? "", this.priced ? price : "", this.texts.t("share-left", { share, free })].filter(Boolean);
    }

    /** @param {number} index @returns {string} */
    state(index) {
        if (this.hall.selected.has(index)) return this.texts.t("state-chosen");
        return this.texts.t(["state-free", "state-held", "state-booked"][this.hall.status[index]]);
    }

    /** @param {number} index @returns {string} "Row C, seat 12, €45, free": place, category, price, state */
    full(index) {
        const category = this.hall.categories[this.hall.category[index]]?.name;
        const seat = [this.seat(index), category].filter(Boolean).join(", ");
        const [price, state] = [this.price(index), this.state(index)];
        return this.texts.t(price ? "seat-full" : "seat-full-free-of-charge", { seat, price, state });
    }

    /** @param {import("../map/list.js").Row} row @returns {string} "Row C"; without a name "Seats 1 to 20" */
    row({ label, seats }) {
        if (label) return this.texts.t("list-row", { row: label });
        const [first, last] = [seats[0], seats[seats.length - 1]].map((index) => this.hall.labels[index]);
        return this.texts.t("list-seats", { first, last });
    }

    /** @param {any} section @returns {string} "€25 to €45", "" where nothing has a price */
    prices({ low, high }) {
        if (low === high) return this.money(low);
        return this.priced ? this.texts.t("list-prices", { low: this.money(low), high: this.money(high) }) : "";
    }

    /** @param {number[]} indexes @returns {Item[]} standing as one */
    items(indexes) {
        /** @type {Map<string, number[]>} */
        const groups = new Map();
        for (const index of indexes) {
            const key = this.sectionOf(index).numbered ? `seat ${index}` : `section ${this.hall.section[index]}`;
            groups.set(key, [...(groups.get(key) ?? []), index]);
        }
        return [...groups.values()].map((group) => {
            const { name, numbered } = this.sectionOf(group[0]);
            if (numbered) return { indexes: group, text: this.seat(group[0]), section: name };
            const text = this.texts.t("standing-chosen", { section: name ?? "", count: group.length });
            return { indexes: group, text, section: null };
        });
    }

    /** @param {number[]} indexes @returns {string} "Row C, seat 12 and Row C, seat 13" */
    all(indexes) {
        return this.list.format(this.items(indexes).map(({ text }) => text));
    }

    /** @param {number} seconds @returns {string} "1:58" */
    span(seconds) {
        const whole = Math.max(0, Math.ceil(seconds));
        const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
        const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
        return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
    }
}
