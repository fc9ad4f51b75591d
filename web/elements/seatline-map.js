import { page } from "./map-page.js";
import { MapView } from "./map-view.js";

/**
 * The seat map of one show: choose, hold, and be told what happens meanwhile.
 *
 * Events bubble and cross shadow roots:
 *
 * @fires seatline-ready {show}
 * @fires seatline-change {seats, amount} numbers of the chosen seats; minor units
 * @fires seatline-held {booking}
 * @fires seatline-expiring {secondsLeft}
 * @fires seatline-expired {booking}
 * @fires seatline-taken {seats, alternatives} lost to others; [{seats, together, amount}] in their place
 * @fires seatline-confirmed {booking}
 * @fires seatline-error {problem}
 */
export class SeatlineMap extends MapView {
    static formAssociated = true;
    static properties = {
        ...MapView.properties,
        show: {},
        locale: {},
        max: { type: Number },
        origin: {},
        customer: {},
        name: { reflect: true },
        required: { type: Boolean, reflect: true },
        holdLabel: { attribute: "hold-label" },
        texts: { type: Object },
    };

    #internals = this.attachInternals();

    constructor() {
        super();
        /** @type {string | null} */ this.name = null;
        this.required = false;
        /** @type {string | null} text of the button that holds */ this.holdLabel = null;
    }

    /**
     * @returns {string} the id of the booking once the seats are held, else their numbers with commas between
     */
    get value() {
        return this.booking?.id ?? this.numbers.join(",");
    }

    /** @returns {import("../client/types.js").Booking | null} the one that holds the seats */
    get booking() {
        return this.session?.booking ?? null;
    }

    get form() {
        return this.#internals.form;
    }

    get validity() {
        return this.#internals.validity;
    }

    get validationMessage() {
        return this.#internals.validationMessage;
    }

    checkValidity() {
        return this.#internals.checkValidity();
    }

    reportValidity() {
        return this.#internals.reportValidity();
    }

    /**
     * @param {string[]} numbers replace the choice; seats that are not free are left out
     * @returns {string[]} chosen now
     */
    select(numbers) {
        if (this.session?.hall) this.session.choose(this.indexesOf(numbers));
        return this.numbers;
    }

    clear() {
        if (this.session?.hall) this.session.choose([]);
    }

    /**
     * @param {number} [quantity]
     * @returns {Promise<string[]>} the best seats, chosen now; [] where there are none
     */
    async best(quantity = this.party) {
        const { session } = this;
        if (!session?.hall) return [];
        const seats = await session.best(quantity, session.hall.filter ?? undefined);
        if (seats.length) this.stage?.stage.zoomTo({ seats });
        return seats.map((/** @type {number} */ index) => session.hall.numbers[index]);
    }

    /**
     * @returns {Promise<import("../client/types.js").Booking | null>} null where the seats could not be held
     */
    async hold() {
        return this.session?.hall ? this.session.hold() : null;
    }

    /** Give the held seats back. @returns {Promise<void>} */
    async release() {
        await this.session?.release();
    }

    /** Hold them longer. @returns {Promise<boolean>} whether there is more time now */
    async extend() {
        const { session } = this;
        if (!session?.booking) return false;
        const longer = await session.extend();
        const time = this.names.span(session.secondsLeft);
        if (session.booking) session.note({ kind: longer ? "more-time-given" : "more-time-none", time });
        return longer;
    }

    /** @param {string} place name of a section, or number of a seat */
    zoomTo(place) {
        const { hall } = this.session ?? {};
        if (!hall) return;
        const section = hall.sections.findIndex((/** @type {any} */ one) => one.name === place);
        if (section >= 0) this.stage?.stage.zoomTo({ section });
        else if (hall.indexOf(place) >= 0) this.stage?.stage.zoomTo({ index: hall.indexOf(place) });
    }

    formResetCallback() {
        this.clear();
    }

    /** @param {Map<string, unknown>} changed */
    updated(changed) {
        super.updated(changed);
        this.#submit();
    }

    render() {
        return page(this);
    }

    #submit() {
        const { value, name, required } = this;
        const data = new FormData();
        if (name && this.booking) data.append(name, value);
        else if (name) for (const number of this.numbers) data.append(name, number);
        this.#internals.setFormValue(data);
        const missing = required && !value;
        const text = this.speech?.t("problem-choose-first") ?? "…";
        this.#internals.setValidity(missing ? { valueMissing: true } : {}, missing ? text : "");
    }
}

if (!customElements.get("seatline-map")) customElements.define("seatline-map", SeatlineMap);
