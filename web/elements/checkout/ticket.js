/** The ticket of a confirmed booking. */
import { html, nothing } from "../../vendor/lit.js";
import { button, renderSeats } from "./parts.js";
import { moneyNote } from "./stage.js";

/** @param {import("./parts.js").View} view @param {import("./parts.js").Act} act */
export function renderTicket(view, act) {
    const { texts, booking, show } = view;
    const money = moneyNote(booking, texts);
    return html`<h2 tabindex="-1">${texts.t("ticket")}</h2>
        <p class="ready" role="status">${texts.t("ticket-ready")}</p>
        <article class="ticket" part="ticket">
            <dl>
                <div><dt>${texts.t("show")}</dt><dd class="name">${show?.name ?? ""}</dd></div>
                ${show ? html`
                    <div><dt>${texts.t("when")}</dt><dd>${sayWhen(show, texts)}</dd></div>` : nothing}
                <div><dt>${texts.t("seats")}</dt><dd>${renderSeats(view.seats)}</dd></div>
            </dl>
            ${renderCode(view)}
        </article>
        ${money ? html`<p class="notice">${money}</p>` : nothing}
        <div class="deeds">
            ${show ? button(view, act, "calendar", texts.t("add-to-calendar"), "") : nothing}
            ${view.isHome ? button(view, act, "print", texts.t("print"), "") : nothing}
            ${view.bookingUrl ? html`
                <a class="button quiet" href=${view.bookingUrl}>${texts.t("open-booking")}</a>` : nothing}
        </div>`;
}

/** @param {import("./parts.js").View} view */
function renderCode({ booking, texts, qr }) {
    if (!booking.ticket_code) return nothing;
    return html`<div class="code">
        ${qr}
        <p><span class="visually-hidden">${texts.t("ticket-code")}</span>
            <code>${booking.ticket_code}</code></p>
        <p class="muted">${texts.t("at-the-door")}</p>
    </div>`;
}

/** @param {import("../../client/api.js").Show} show @param {import("../texts.js").Texts} texts */
export function sayWhen({ start_time, time_zone }, texts) {
    const day = texts.day(start_time, time_zone);
    return texts.t("when-value", { day, time: texts.time(start_time, time_zone) });
}
