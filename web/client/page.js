/**
 * Tell of what becomes of this page; outside of pages, of nothing. Returns what ends it.
 * @param {{rise: () => void, rest?: () => void, online: (isOnline: boolean) => void}} tell
 *     `rise`: it is seen again; `rest`: it was hidden for a while, is frozen or left
 * @param {number} [hiddenFor] milliseconds
 * @returns {() => void}
 */
export function watchPage({ rise, rest = () => {}, online }, hiddenFor = 0) {
    const page = globalThis.document;
    if (!page) return () => {};
    const ending = new AbortController();
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const look = () => {
        clearTimeout(timer);
        if (page.visibilityState === "visible") rise();
        else timer = setTimeout(rest, hiddenFor);
    };
    /** @type {[EventTarget, string, (event: any) => void][]} */
    const listeners = [
        [page, "visibilitychange", look],
        [page, "freeze", rest],
        [page, "resume", look],
        [globalThis, "pagehide", rest],
        [globalThis, "pageshow", (event) => event.persisted && look()],
        [globalThis, "online", () => online(true)],
        [globalThis, "offline", () => online(false)],
    ];
    for (const [target, type, listen] of listeners) {
        target.addEventListener(type, listen, { signal: ending.signal });
    }
    if (page.visibilityState !== "visible") look();
    return () => (clearTimeout(timer), ending.abort());
}

/**
 * What other tabs of this browser hear, where it can tell them.
 * @param {string} name
 * @param {(message: any) => void} hear
 * @returns {BroadcastChannel | null}
 */
export function openChannel(name, hear) {
    if (typeof BroadcastChannel === "undefined") return null;
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    // Node would go on for as long as it is open.
    /** @type {any} */ (channel).unref?.();
    return channel;
}
