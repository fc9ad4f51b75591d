/** Stripe's Payment Element. Loaded only where Stripe takes the money, as Stripe's own script is. */

const STRIPE_JS = "https://js.stripe.com/clover/stripe.js";

/** @type {Promise<any> | null} */
let script = null;

/**
 * Stripe's library, from Stripe's own address, as Stripe asks of its users.
 *
 * @param {string} key the publishable key
 * @param {string} locale
 * @returns {Promise<any>} Stripe's object; rejected where the script is blocked or not to be had
 */
export async function loadStripe(key, locale) {
    script ??= loadScript().catch((error) => {
        script = null;
        throw error;
    });
    return (await script)(key, { locale });
}

function loadScript() {
    return new Promise((resolve, reject) => {
        const element = document.createElement("script");
        element.src = STRIPE_JS;
        element.onload = () => resolve(/** @type {any} */ (window).Stripe);
        element.onerror = () => reject(new Error("Stripe.js could not be loaded"));
        document.head.append(element);
    });
}

/** The form of a payment, in the light DOM of `host`: Stripe's frames do not work within a shadow root. */
export class CardForm {
    #stripe;
    #elements;
    #place;

    /**
     * @param {HTMLElement} host
     * @param {any} stripe as of loadStripe
     * @param {string} clientSecret
     */
    constructor(host, stripe, clientSecret) {
        this.#stripe = stripe;
        this.#place = document.createElement("div");
        this.#place.slot = "payment";
        host.append(this.#place);
        const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
        const appearance = { theme: isDark ? "night" : "stripe" };
        this.#elements = stripe.elements({ clientSecret, appearance });
        this.#elements.create("payment", { layout: "tabs" }).mount(this.#place);
    }

    /**
     * @param {string} returnUrl where a bank's page leads back to
     * @returns {Promise<string>} what is wrong, in the buyer's language; "" where nothing is
     */
    async confirm(returnUrl) {
        const { error } = await this.#stripe.confirmPayment({
            elements: this.#elements,
            confirmParams: { return_url: returnUrl },
            redirect: "if_required",
        });
        return error ? (error.message ?? String(error.code)) : "";
    }

    remove() {
        this.#place.remove();
    }
}
