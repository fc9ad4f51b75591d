/** How a buyer gets to pay: by the provider's page, or by its form within the element. */

/**
 * @typedef {import("../../client/api.js").Payment} Payment
 * @typedef {HTMLElement & { returnUrl: string | null, stripeKey: string | null, locale: string | null }} Host
 */

export class CheckoutPayment {
    /** A page that the buyer opens in another tab; "" where there is none. */
    openUrl = "";
    /** @type {import("./stripe.js").CardForm | null} */
    #form = null;

    /** @param {Host} host @param {import("./session.js").CheckoutSession} session */
    constructor(host, session) {
        this.host = host;
        this.session = session;
    }

    get hasForm() {
        return this.#form !== null;
    }

    /** Starts a payment, or goes on with the one that stands. */
    async pay() {
        // A payment made for a form has no page: whether there can be a form must be known before.
        const stripe = await this.#loadStripe();
        const payment = await this.session.pay({
            return_url: this.#returnUrl,
            method: stripe ? "elements" : "checkout",
        });
        if (payment?.status !== "pending") return;
        if (payment.checkout_url) this.#lead(payment);
        else if (stripe && payment.client_secret) await this.#mount(stripe, payment.client_secret);
        else this.session.fail({ code: "payment_form" });
    }

    /** Sends the form. */
    async submit() {
        const form = this.#form;
        if (!form) return;
        const fault = await this.session.attempt("submit", () => form.confirm(this.#returnUrl));
        if (fault) this.session.fail({ detail: fault });
        else if (fault === "") this.remove();
    }

    /** Leaves no form behind. */
    remove() {
        this.#form?.remove();
        this.#form = null;
        this.openUrl = "";
    }

    get #returnUrl() {
        const { session: { api, booking }, host } = this;
        const home = `${api.origin}/b/{booking}`;
        const wished = host.returnUrl ?? (isFramed() ? home : location.href);
        return new URL(wished.replaceAll("{booking}", booking?.id ?? ""), location.href).href;
    }

    /** @returns {Promise<any>} null: the buyer pays on the provider's page */
    async #loadStripe() {
        const { stripeKey, locale } = this.host;
        if (!stripeKey) return null;
        try {
            const { loadStripe } = await import("./stripe.js");
            return await loadStripe(stripeKey, locale ?? "auto");
        } catch {
            return null;
        }
    }

    /** @param {any} stripe @param {string} secret */
    async #mount(stripe, secret) {
        const { CardForm } = await import("./stripe.js");
        this.remove();
        this.#form = new CardForm(this.host, stripe, secret);
        this.session.fail(null);
    }

    /** @param {Payment} payment */
    #lead(payment) {
        const url = String(payment.checkout_url);
        // Other schemes would run in this page.
        if (!/^https?:\/\//i.test(url)) return this.session.fail({ code: "payment_page" });
        const travels = { bubbles: true, composed: true, cancelable: true };
        const event = new CustomEvent("seatline-pay", { detail: { payment }, ...travels });
        if (!this.host.dispatchEvent(event)) return;
        // Providers refuse to be framed, and a tab opened without a click is blocked.
        if (isFramed()) {
            this.openUrl = url;
            this.session.fail(null);
        } else {
            location.assign(url);
        }
    }
}

function isFramed() {
    return window.top !== window.self;
}
