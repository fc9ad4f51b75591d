/**
 * Lets scripts of Stripe pass where trusted types are demanded, and nothing else: Stripe.js asks for a policy
 * by the name "default".
 */
export function allowStripe() {
    const { trustedTypes } = /** @type {any} */ (window);
    trustedTypes?.createPolicy("default", {
        /** @param {string} url */
        createScriptURL: (url) => {
            const { protocol, hostname } = new URL(url, location.href);
            const isStripe = hostname === "js.stripe.com" || hostname.endsWith(".js.stripe.com");
            return protocol === "https:" && isStripe ? url : null;
        },
    });
}
