/** Which seats to advise: the best ones, or the nearest to those that were lost. */

/**
 * @typedef {object} Advice
 * @property {number[]} seats indexes
 * @property {boolean} together
 * @property {number} amount minor units
 */
/** @typedef {import("./seat-choice.js").SeatChoice} SeatChoice */

const SECTIONS_ASKED = 4;
const ADVICES = 3;

/**
 * @param {SeatChoice} session
 * @param {number} quantity
 * @param {(index: number) => boolean} fits
 * @returns {Promise<Advice | null>}
 */
export async function bestSeats(session, quantity, fits) {
    const { hall } = session;
    if (!hall.filter) return (await ask(session, { quantity }))[0] ?? null;
    const sections = hall.sections.filter((/** @type {any} */ section) => section.free >= quantity
        && section.seats.some((/** @type {number} */ index) => hall.isFree(index) && fits(index)));
    /** @type {Advice | null} */
    let second = null;
    for (const section of sections.slice(0, SECTIONS_ASKED)) {
        const advices = await ask(session, { quantity, section: section.name ?? undefined });
        const fitting = advices.filter((advice) => advice.seats.every(fits));
        const together = fitting.find((advice) => advice.together);
        if (together) return together;
        second ??= fitting[0] ?? null;
    }
    return second ?? nearest(hall, quantity, firstOf(hall, fits), fits);
}

/**
 * @param {SeatChoice} session
 * @param {number[]} lost indexes
 * @returns {Promise<Advice[]>} as many seats as were lost, those of the same price first
 */
export async function alternativesTo(session, lost) {
    const { hall } = session;
    const near = lost[lost.length - 1];
    const price = lost.reduce((sum, index) => sum + hall.price[index], 0);
    const wish = { quantity: lost.length, near: hall.numbers[near] };
    const section = hall.sections[hall.section[near]].name ?? undefined;
    let advices = await others(session, { ...wish, section });
    if (!advices.length && section) advices = await others(session, wish);
    if (!advices.length) {
        const same = (/** @type {number} */ index) => hall.price[index] === hall.price[near];
        const local = nearest(hall, lost.length, near, same) ?? nearest(hall, lost.length, near, () => true);
        advices = local ? [local] : [];
    }
    return advices.sort((a, b) => Number(a.amount !== price) - Number(b.amount !== price)).slice(0, ADVICES);
}

/**
 * @param {SeatChoice} session
 * @param {{quantity: number, section?: string, near?: string}} wish
 * @returns {Promise<Advice[]>} of seats that are free
 */
async function ask({ api, showId, hall, stopped }, wish) {
    const { suggestions } = await api.suggest(showId, wish, { signal: stopped })
        .catch(() => ({ suggestions: [] }));
    return suggestions
        .map((found) => ({ ...found, seats: found.seats.map((number) => hall.indexOf(number)) }))
        .filter(({ seats }) => seats.every((index) => hall.isFree(index)));
}

/** @param {SeatChoice} session @param {{quantity: number, section?: string, near?: string}} wish */
async function others(session, wish) {
    const { selected } = session.hall;
    return (await ask(session, wish)).filter(({ seats }) => !seats.some((index) => selected.has(index)));
}

/**
 * @param {any} hall
 * @param {number} quantity
 * @param {number} near
 * @param {(index: number) => boolean} fits
 * @returns {Advice | null} free seats around one, by distance
 */
function nearest(hall, quantity, near, fits) {
    if (near < 0) return null;
    const distance = (/** @type {number} */ index) =>
        Math.hypot(hall.x[index] - hall.x[near], hall.y[index] - hall.y[near]) || 0;
    const free = [];
    for (let index = 0; index < hall.count; index++) {
        if (index !== near && hall.isFree(index) && !hall.selected.has(index) && fits(index)) free.push(index);
    }
    const seats = free.sort((a, b) => distance(a) - distance(b)).slice(0, quantity);
    const amount = seats.reduce((sum, index) => sum + hall.price[index], 0);
    return seats.length === quantity ? { seats, together: quantity === 1, amount } : null;
}

/** @param {any} hall @param {(index: number) => boolean} fits */
function firstOf(hall, fits) {
    for (let index = 0; index < hall.count; index++) if (hall.isFree(index) && fits(index)) return index;
    return -1;
}
