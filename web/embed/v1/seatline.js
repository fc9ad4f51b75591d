/** What a host's page includes: the elements, defined. The checkout is fetched where a page has one. */
import "../../elements/seatline-map.js";

const CHECKOUT = "seatline-checkout";

function fetchCheckout() {
    if (!document.querySelector(CHECKOUT)) return;
    observer.disconnect();
    void import("../../elements/seatline-checkout.js");
}

const observer = new MutationObserver(fetchCheckout);
observer.observe(document, { childList: true, subtree: true });
fetchCheckout();
