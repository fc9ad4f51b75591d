/** Problems of the API, as a buyer reads them. */

/**
 * @param {unknown} error
 * @param {import("../texts.js").Texts} texts
 * @returns {string} a text for the codes that buyers meet, else the API's own detail
 */
export function explainProblem(error, texts) {
    const { code, detail, retryAfter, message } = /** @type {any} */ (error ?? {});
    const id = `error-${String(code).replaceAll("_", "-")}`;
    if (texts.has(id)) return texts.t(id, { seconds: retryAfter ?? 0 });
    return detail || message || texts.t("error-internal-error");
}
