/** What happened, in words: shown beside the map, and said. */

/** @typedef {import("./map-view.js").MapView} MapView */

const URGENT = ["taken", "expired"];

/** @param {string} kind @returns {boolean} whether it is told at once */
export function isUrgent(kind) {
    return URGENT.includes(kind);
}

/** @param {MapView} map @param {import("./seat-choice.js").Notice} notice @returns {string} */
export function textOf({ speech, names }, notice) {
    const { t } = speech;
    const seats = names.all(notice.seats ?? []);
    const count = notice.quantity ?? notice.seats?.length ?? 0;
    if (notice.kind === "taken") return t("taken", { seats, count });
    if (notice.kind === "limit") return t("limit-reached", { max: count });
    if (notice.kind === "advice" && !notice.seats?.length) return t("best-none", { count });
    if (notice.kind === "advice") {
        return t(notice.together ? "best-together" : "best-apart", { seats, count });
    }
    if (notice.kind === "failed" || notice.kind === "problem") {
        return reason(speech, notice.kind, notice.code ?? "");
    }
    return t(notice.kind, { time: notice.time ?? "" });
}

/** @param {import("./texts.js").Texts} speech @param {"failed" | "problem"} kind @param {string} code */
export function reason(speech, kind, code) {
    const base = kind === "failed" ? "failure" : "problem";
    return speech.t(speech.has(`${base}-${code}`) ? `${base}-${code}` : `${base}-other`);
}
