/** What the first picture does without: modules that are fetched once it is seen. */

import { findDelay, sleep } from "../client/http.js";

/**
 * @template T
 * @param {() => Promise<T>} fetchIt such as `() => import("./view.js")`; tried until the network lets it
 * @param {AbortSignal} signal ends it
 * @param {(found: T) => void} use
 */
export async function late(fetchIt, signal, use) {
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    for (let tries = 0; !signal.aborted; tries += 1) {
        const found = await fetchIt().catch(() => null);
        if (signal.aborted) return;
        if (found) return use(found);
        await sleep(findDelay(null, tries));
    }
}
