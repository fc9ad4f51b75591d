import { LitElement, html, nothing } from "../vendor/lit.js";
import { Seatline } from "../client/api.js";
import { HoldKeeper } from "../client/hold.js";
import { makeCalendar, makeUid, saveCalendar } from "./checkout/calendar.js";
import { renderProblem, renderStage } from "./checkout/views.js";
import { CheckoutPayment } from "./checkout/payment.js";
import { CheckoutSession } from "./checkout/session.js";
import { describeSeats, joinSeats } from "./checkout/seats.js";
import { styles } from "./checkout/styles.js";
import { loadTexts, localeOf } from "./texts.js";
import { theme } from "./theme.js";

/**
 * The checkout of a booking: its hold, its payment, its ticket.
 *
 * `show`: the hold that this browser has of the show, in any tab, as `<seatline-map>` makes it.
 * `booking`: the booking of this id.
 * `return-url`: where a payment leads back to, `{booking}` in it being the id; this page by default.
 * `stripe-key`: a publishable key, to pay by a form within the element where Stripe takes the money.
 * The attribute `stage` tells hosts and style sheets where it is; "none" where there is no booking.
 *
 * Events: `seatline-booking {booking}`, whenever it is another; `seatline-confirmed {booking}`;
 * `seatline-pay {payment}` before a buyer is led to a payment page, cancelable; `seatline-error {problem}`.
 */
export class SeatlineCheckout extends LitElement {
    static properties = {
        show: {},
        booking: {},
        locale: {},
        origin: {},
        returnUrl: { attribute: "return-url" },
        stripeKey: { attribute: "stripe-key" },
        stage: { reflect: true },
    };
    static styles = [theme, styles];

    /** @type {import("./texts.js").Texts | null} */ #texts = null;
    /** @type {CheckoutSession | null} */ #session = null;
    /** @type {CheckoutPayment | null} */ #payment = null;
    /** @type {import("../client/api.js").Show | null} */ #show = null;
    /** @type {import("../client/api.js").Layout | null} */ #layout = null;
    /** Loaded with the first ticket. @type {((text: string, label: string) => unknown) | null} */
    #drawQr = null;
    /** @type {unknown} */ #told = null;
    /** @type {unknown} */ #fault = null;
    #note = "";
    #hadFocus = false;

    constructor() {
        super();
        /** @type {string | null} */
        this.show = null;
        /** @type {string | null} */
        this.booking = null;
        /** @type {string | null} */
        this.locale = null;
        /** @type {string | null} */
        this.origin = null;
        /** @type {string | null} */
        this.returnUrl = null;
        /** @type {string | null} */
        this.stripeKey = null;
        /** @type {import("./checkout/stage.js").Stage} */
        this.stage = "none";
    }

    /** The booking as it is now. */
    get current() {
        return this.#session?.booking ?? null;
    }

    connectedCallback() {
        super.connectedCallback();
        document.addEventListener("seatline-held", this.#onHeld);
        if (this.hasUpdated) this.#start();
    }

    disconnectedCallback() {
        super.disconnectedCallback();
        document.removeEventListener("seatline-held", this.#onHeld);
        this.#stop();
    }

    /** Cancels the booking, and waits for it. */
    async cancel() {
        await this.#session?.cancel();
    }

    focus() {
        this.renderRoot.querySelector("h2")?.focus();
    }

    /** @param {Map<string, unknown>} changed */
    willUpdate(changed) {
        if (changed.has("locale") || !this.#texts) void this.#speak();
        if (["show", "booking", "origin"].some((name) => changed.has(name))) this.#start();
        if (changed.has("stage")) this.#hadFocus = this.matches(":focus-within");
    }

    /** @param {Map<string, unknown>} changed */
    updated(changed) {
        // The button that was pressed is gone with its stage.
        if (changed.has("stage") && this.#hadFocus && !this.shadowRoot?.activeElement) this.focus();
    }

    render() {
        const texts = this.#texts;
        const session = this.#session;
        if (!texts || !session) return nothing;
        const problem = renderProblem(session.problem, texts);
        const view = this.#makeView(texts, session);
        if (!view) return session.busy ? html`<p class="muted">${texts.t("loading")}</p>` : problem;
        const stage = renderStage(view, (deed) => void this.#act(deed));
        return html`<section part="checkout">${stage}${problem}</section>`;
    }

    /** @param {import("./texts.js").Texts} texts @param {CheckoutSession} session */
    #makeView(texts, session) {
        const { booking } = session;
        if (!booking) return null;
        const code = booking.ticket_code;
        return {
            texts, booking,
            isHome: this.#api.origin === location.origin,
            show: this.#show,
            seats: describeSeats(this.#layout, booking.seats, texts),
            stage: session.stage,
            busy: session.busy,
            note: this.#note,
            secondsLeft: session.secondsLeft,
            hasForm: this.#payment?.hasForm ?? false,
            paymentUrl: this.#payment?.openUrl ?? "",
            bookingUrl: this.booking ? "" : `${this.#api.origin}/b/${booking.id}`,
            showUrl: this.#hasMap ? "" : `${this.#api.origin}/s/${booking.show_id}`,
            qr: code && this.#drawQr?.(code, texts.t("qr-label", { code })),
        };
    }

    get #api() {
        return /** @type {CheckoutSession} */ (this.#session).api;
    }

    /** Whether the map of the show is beside it: that tells of seats that are held no more. */
    get #hasMap() {
        const { booking, show } = this;
        return !booking && document.querySelector(`seatline-map[show="${CSS.escape(show ?? "")}"]`) !== null;
    }

    async #speak() {
        const locale = localeOf(this);
        this.#texts = await loadTexts(locale, "checkout");
        if (locale === localeOf(this)) this.#draw();
    }

    #stop() {
        this.#session?.close();
        this.#payment?.remove();
        this.#session = this.#payment = null;
    }

    #start() {
        this.#stop();
        const api = new Seatline(this.origin ?? new URL(import.meta.url).origin);
        const keeper = this.show && !this.booking ? new HoldKeeper(api, this.show) : null;
        const session = new CheckoutSession(api, keeper);
        this.#session = session;
        this.#payment = new CheckoutPayment(this, session);
        session.addEventListener("change", () => this.#changed(session));
        session.addEventListener("tick", () => this.#draw());
        session.addEventListener("expiring", () => this.#warn(session));
        if (this.booking) void session.open(this.booking);
        // Where the service cannot be asked now, the keeper asks again as the tab is looked at.
        else keeper?.restore().catch(() => {});
    }

    #onHeld = (/** @type {Event} */ event) => {
        const { booking } = /** @type {CustomEvent} */ (event).detail;
        if (String(booking.show_id) === this.show) this.#session?.keeper?.keep(booking);
    };

    /** @param {CheckoutSession} session */
    #changed(session) {
        if (session !== this.#session) return;
        const { booking, stage } = session;
        const isOver = ["expired", "cancelled"].includes(stage) && !booking?.payment;
        if (isOver && this.#hasMap) return this.#leave(session);
        const isNew = booking !== this.#told;
        this.#told = booking;
        if (isNew && booking) void this.#learn(booking);
        if (!["held", "paying"].includes(stage)) this.#payment?.remove();
        const isConfirmed = stage === "ticket" && !["none", "ticket"].includes(this.stage);
        const { problem } = session;
        this.stage = stage;
        if (isNew) this.#tell("seatline-booking", { booking });
        if (isConfirmed) this.#tell("seatline-confirmed", { booking });
        if (problem && problem !== this.#fault) this.#tell("seatline-error", { problem });
        this.#fault = problem;
        this.#draw();
    }

    /** What stands around a booking: its show, the words for its seats, its code as a picture. */
    async #learn(/** @type {import("../client/api.js").Booking} */ booking) {
        const api = this.#api;
        if (this.#show?.id !== booking.show_id) {
            this.#show = await api.getShow(booking.show_id).catch(() => null);
            this.#draw();
        }
        if (this.#layout?.show_id !== booking.show_id) {
            this.#layout = await api.getLayout(booking.show_id).catch(() => null);
            this.#draw();
        }
        if (booking.ticket_code && !this.#drawQr) {
            ({ drawQr: this.#drawQr } = await import("./checkout/qr.js"));
            this.#draw();
        }
    }

    /** @param {import("./checkout/parts.js").Deed} deed */
    async #act(deed) {
        const session = /** @type {CheckoutSession} */ (this.#session);
        this.#note = "";
        switch (deed) {
            case "extend": return this.#extend(session);
            case "cancel": return session.cancel();
            case "confirm": return session.confirm();
            case "pay": return this.#payment?.pay();
            case "submit": return this.#payment?.submit();
            case "again": return this.#leave(session);
            case "print": return window.print();
            case "calendar": return this.#saveCalendar(session);
        }
    }

    /** @param {CheckoutSession} session */
    #warn({ secondsLeft }) {
        // The map says it too.
        if (this.#hasMap || secondsLeft === null) return;
        this.#note = this.#texts?.t("expiring", { seconds: secondsLeft }) ?? "";
        this.#draw();
    }

    /** @param {CheckoutSession} session */
    async #extend(session) {
        const before = session.booking?.hold_expires_at;
        await session.extend();
        const after = session.booking?.hold_expires_at;
        const texts = this.#texts;
        if (session.problem || !after || !texts) return;
        // Buyers look at the clock of where they are.
        const time = texts.time(after, Intl.DateTimeFormat().resolvedOptions().timeZone);
        this.#note = texts.t(after === before ? "more-time-cap" : "more-time-done", { time });
        this.#draw();
    }

    /** @param {CheckoutSession} session */
    #leave(session) {
        session.keeper?.forget();
        session.take(null);
    }

    /** @param {CheckoutSession} session */
    #saveCalendar(session) {
        const show = this.#show;
        const view = this.#texts && this.#makeView(this.#texts, session);
        if (!show || !view) return;
        const { host } = new URL(this.#api.origin);
        const event = { uid: makeUid(view.booking, host), start: show.start_time, name: show.name };
        saveCalendar(makeCalendar({ ...event, seats: joinSeats(view.seats), stamp: new Date() }), show.name);
    }

    /** @param {string} type @param {object} detail */
    #tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
    }

    #draw() {
        this.requestUpdate();
    }
}

if (!customElements.get("seatline-checkout")) customElements.define("seatline-checkout", SeatlineCheckout);
