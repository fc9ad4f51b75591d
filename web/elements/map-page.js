import { html, nothing, ref } from "../vendor/lit.js";
import { basket } from "./map-basket.js";
import { reason } from "./notice-text.js";
import { legend, standing, toolbar, zoomButtons } from "./map-tools.js";

/** @typedef {import("./seatline-map.js").SeatlineMap} SeatlineMap */

/** Everything within the element. @param {SeatlineMap} map */
export function page(map) {
    return html`
        <slot name="header"></slot>
        <div class="frame" part="frame">
            ${map.problem ? broken(map) : map.names ? whole(map) : bones(map)}
        </div>`;
}

/** @param {SeatlineMap} map */
function broken({ problem, speech, again }) {
    // Without texts there is one language left to say so in.
    const [text, retry] = speech
        ? [reason(speech, "problem", problem.code ?? ""), speech.t("try-again")]
        : ["Something went wrong.", "Try again"];
    return html`
        <div class="notice bad" part="notice" role="alert" data-problem=${problem.code ?? ""}>
            <p>${text}</p>
            ${problem.isFinal ? "" : html`<p><button @click=${again}>${retry}</button></p>`}
        </div>`;
}

/** @param {SeatlineMap} map */
function bones({ speech }) {
    return html`
        <div class="skeleton" aria-busy="true">
            <div class="bone line"></div>
            <div class="bone hall"><span class="muted" role="status">${speech?.t("loading")}</span></div>
        </div>`;
}

/** @param {SeatlineMap} map */
function whole(map) {
    const { session: { hall }, view } = map;
    const numbered = hall.sections.some((/** @type {any} */ section) => section.numbered);
    return html`
        ${toolbar(map)}
        <div class="body" part="body">
            <div class="views">
                ${standing(map)}
                ${numbered ? html`
                    <div class="map-panel" id="panel-map" role="tabpanel" aria-labelledby="tab-map"
                        ?hidden=${view !== "map"}>${drawing(map)}</div>
                    <div id="panel-list" role="tabpanel" aria-labelledby="tab-list"
                        ?hidden=${view !== "list"}>
                        ${view === "list" ? list(map) : nothing}</div>` : map.card?.() ?? nothing}
            </div>
            ${basket(map)}
        </div>`;
}

/** @param {SeatlineMap} map */
function drawing(map) {
    return html`
        <div class="stage-box">
            <div class="stage" part="stage" ${ref(map.host)}></div>
            ${zoomButtons(map)}
            <div class="tip" part="tip" aria-hidden="true" hidden ${ref(map.tip)}></div>
            ${map.card?.() ?? nothing}
        </div>
        ${legend(map)}`;
}

/** @param {SeatlineMap} map */
function list(map) {
    const { session, speech } = map;
    return html`
        <seatline-list part="list" .hall=${session.hall} .texts=${speech} .currency=${session.show.currency}
            .locked=${session.locked || session.sale !== "open"} .revision=${map.revision}
            @seat-toggle=${(/** @type {CustomEvent} */ { detail }) => map.pick(detail.index)}
            @section-quantity=${(/** @type {CustomEvent} */ { detail }) => {
                session.chooseStanding(detail.section, detail.quantity);
            }}></seatline-list>`;
}
