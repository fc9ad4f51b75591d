import { isUrgent, textOf } from "./notice-text.js";

/** @typedef {import("./map-view.js").MapView} MapView */

/**
 * Hear what happens to a session: the map shows it, says it, and tells its host.
 *
 * @param {MapView} map
 * @param {import("./seat-session.js").SeatSession} session
 */
export function hear(map, session) {
    /** @param {string} type @param {(detail: any) => void} run */
    const on = (type, run) => session.addEventListener(type, (event) => {
        if (map.session === session && map.names) run(/** @type {CustomEvent} */ (event).detail);
    });
    on("seats", ({ indexes }) => {
        map.stage?.update(indexes);
        map.soon();
    });
    on("choice", () => {
        map.revision += 1;
        map.requestUpdate();
        map.changed("change", { seats: map.numbers, amount: session.amount });
    });
    on("notice", ({ quiet }) => hearNotice(map, quiet));
    for (const type of ["tick", "show"]) on(type, () => map.requestUpdate());
    let isOffline = false;
    on("link", () => {
        map.requestUpdate();
        const wasOffline = isOffline;
        isOffline = session.link === "offline";
        if (isOffline !== wasOffline) map.announcer?.say(map.speech.t(isOffline ? "link-offline" : "link-back"));
    });
    on("held", ({ booking }) => hearHeld(map, booking));
    on("expiring", (detail) => {
        map.announcer?.sayNow(map.speech.t("expiring", { seconds: Math.round(detail.secondsLeft) }));
        map.changed("expiring", detail);
    });
    for (const type of ["expired", "confirmed"]) on(type, (detail) => map.changed(type, detail));
    on("taken", (detail) => hearTaken(map, detail));
    on("problem", ({ problem }) => map.changed("error", { problem }));
}

/** @param {MapView} map @param {boolean} quiet whether it was told before */
function hearNotice(map, quiet) {
    map.requestUpdate();
    const { notice } = map.session;
    if (quiet || !notice) return;
    const text = textOf(map, notice);
    if (isUrgent(notice.kind)) map.announcer?.sayNow(text);
    else map.announcer?.say(text);
}

/** @param {MapView} map @param {any} booking */
function hearHeld(map, booking) {
    map.card = null;
    const time = map.names.span(map.session.secondsLeft);
    map.announcer?.say(map.speech.t("held-tell", { time, count: booking.seats.length }));
    map.changed("held", { booking });
}

/** @param {MapView} map @param {{seats: number[], alternatives: import("./seat-advice.js").Advice[]}} detail */
function hearTaken(map, { seats, alternatives }) {
    const { numbers } = map.session.hall;
    const named = (/** @type {number[]} */ indexes) => indexes.map((index) => numbers[index]);
    const instead = alternatives.map((advice) => ({ ...advice, seats: named(advice.seats) }));
    map.changed("taken", { seats: named(seats), alternatives: instead });
}
