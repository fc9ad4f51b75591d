/** A show: `/s/{id}`. Its hall, and the checkout of what is held of it. */
import { html, nothing } from "../vendor/lit.js";
import { Seatline } from "../client/index.js";
import { explainProblem } from "../elements/checkout/problems.js";
import "../elements/seatline-checkout.js";
import "../elements/seatline-map.js";
import { Page, readId, readMeta, renderMissing } from "./frame.js";
import { sayPrice, sayStart } from "./card.js";
import { allowStripe } from "./stripe-policy.js";

/** @typedef {import("../elements/texts.js").Texts} Texts */

const api = new Seatline(location.origin);
const page = new Page(view);
const id = readId();
const stripeKey = readMeta("seatline-stripe-key");
/** @type {import("../client/api.js").Show | null} */
let show = null;
/** @type {any} */
let problem = null;

/** @param {Texts} texts */
function view(texts) {
    const { t } = texts;
    if (problem?.code === "show_not_found") {
        const title = t("show-gone");
        return { title, body: renderMissing({ title, note: t("show-gone-note"), home: t("home") }) };
    }
    return { title: show?.name ?? t("loading"), body: problem ? renderProblem(texts) : renderShow(texts) };
}

/** @param {Texts} texts */
function renderProblem(texts) {
    return html`<h1>${texts.t("error-title")}</h1>
        <div class="notice bad" role="alert">
            <p>${explainProblem(problem, texts)}</p>
            <button type="button" @click=${load}>${texts.t("try-again")}</button>
        </div>`;
}

/** @param {Texts} texts */
function renderShow(texts) {
    const { t, locale } = texts;
    if (!show) return html`<p class="muted" role="status">${t("loading")}</p>`;
    return html`<div class="show">
        <div class="head">
            <p><a href="/">${t("home")}</a></p>
            <h1>${show.name}</h1>
            <p class="muted">${sayStart(show, texts)} · ${sayPrice(show, texts)}</p>
            ${show.status === "cancelled" ? html`
                <p class="notice"><strong>${t("show-cancelled")}.</strong> ${t("show-cancelled-note")}</p>` : nothing}
        </div>
        <seatline-map show=${show.id} locale=${locale}></seatline-map>
        <aside aria-label=${t("your-booking")}>
            <seatline-checkout show=${show.id} locale=${locale} return-url="${location.origin}/b/{booking}"
                stripe-key=${stripeKey ?? nothing}></seatline-checkout>
        </aside>
    </div>`;
}

async function load() {
    problem = null;
    page.update();
    try {
        show = await api.getShow(id);
    } catch (error) {
        problem = error;
    }
    page.update();
}

document.addEventListener("seatline-held", async () => {
    const checkout = /** @type {any} */ (document.querySelector("seatline-checkout"));
    await checkout?.updateComplete;
    checkout?.focus();
});
if (stripeKey) allowStripe();
void page.open();
void load();
