/** @import { Fields } from "./types.js" */

/** Why a call failed: the service's own problem (RFC 9457), or what came in its place. */
export class Problem extends Error {
    /** @param {Fields} fields */
    constructor({ status = 0, code, detail, errors = [], retryAfter = null, cause }) {
        super(detail, { cause });
        this.name = "Problem";
        /** The HTTP status; 0 where no answer came. */
        this.status = status;
        /**
         * The service's stable code; "network" where no answer came; "unavailable" (5xx) or "unexpected"
         * where it is not the service's.
         */
        this.code = code;
        /** English, for developers. */
        this.detail = detail;
        this.errors = errors;
        /** Seconds after which to ask again; null where the answer does not say. */
        this.retryAfter = retryAfter;
    }

    /** Whether the same request may succeed later. */
    get isPassing() {
        return this.status === 0 || [429, 502, 503, 504].includes(this.status);
    }

    /** Whether the service itself refuses, and will again. */
    get isFinal() {
        return this.status >= 400 && this.status < 500 && this.status !== 429 && this.code !== "unexpected";
    }

    /** @param {Response} response @param {string} text its body */
    static fromResponse(response, text) {
        const { status } = response;
        const given = parse(response, text);
        return new Problem({
            status,
            code: typeof given.code === "string" ? given.code : status >= 500 ? "unavailable" : "unexpected",
            detail: String(given.detail ?? given.title ?? `HTTP ${status} without a problem document`),
            errors: Array.isArray(given.errors) ? given.errors : [],
            retryAfter: parseRetryAfter(response.headers.get("Retry-After")),
        });
    }
}

/** @param {Response} response @param {string} text @returns {Record<string, unknown>} */
function parse(response, text) {
    if (!/^application\/problem\+json\b/i.test(response.headers.get("Content-Type") ?? "")) return {};
    try {
        return Object(JSON.parse(text));
    } catch {
        return {};
    }
}

/** @param {string | null} value seconds or an HTTP date @returns {number | null} */
function parseRetryAfter(value) {
    if (!value) return null;
    const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
    return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}
