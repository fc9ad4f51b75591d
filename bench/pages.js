/** What is measured inside of a page: the map's own modules, on data of the service. */

const BATCH_MS = 50;
const FREE = 0;

/** @param {string} assets address of web/ @param {number} showId */
export async function prepare(assets, showId) {
    const [{ Seatline }, { Hall }, { Stage }] = await Promise.all(
        ["client/index.js", "map/model.js", "map/stage.js"].map((path) => import(`${assets}${path}`)),
    );
    const api = new Seatline(location.origin);
    const [layout, { states }] = await Promise.all([api.getLayout(showId), api.getStates(showId)]);
    return { Hall, Stage, layout, states };
}

/** Milliseconds from the data to a map on the screen, in an element that fills the page. */
export async function drawFirst({ Hall, Stage, layout, states }) {
    const host = document.createElement("div");
    for (const [name, value] of [["position", "fixed"], ["inset", "0"]]) host.style.setProperty(name, value);
    document.body.replaceChildren(host);
    await painted();
    const begun = performance.now();
    const hall = new Hall(layout);
    hall.setStates(states);
    const stage = new Stage(host, hall, {});
    await painted();
    return { hall, stage, milliseconds: performance.now() - begun };
}

/**
 * Change seats at this rate until `stop` is called, as a feed does: in batches.
 * @returns {() => {frames: number[], script: number[], rate: number}} milliseconds between frames; of script in each
 */
export function change(hall, stage, perSecond) {
    const frames = [];
    const script = [];
    let spent = 0;
    let changed = 0;
    let drawn = stage.stats().frames;
    let last = performance.now();
    let going = true;
    const begun = last;
    const timer = setInterval(() => {
        const due = Math.floor(((performance.now() - begun) / 1000) * perSecond) - changed;
        const changes = pickChanges(hall, due);
        const before = performance.now();
        const indexes = hall.apply(changes);
        spent += performance.now() - before;
        stage.update(indexes);
        changed += due;
    }, BATCH_MS);
    const look = (now) => {
        frames.push(now - last);
        last = now;
        // The stage's own frame may come before or after this one: what it drew since the last look counts here.
        const { frames: total, scriptMs } = stage.stats();
        const own = scriptMs.slice(scriptMs.length - (total - drawn)).reduce((sum, each) => sum + each, 0);
        drawn = total;
        script.push(spent + own);
        spent = 0;
        if (going) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    return () => {
        going = false;
        clearInterval(timer);
        return { frames, script, rate: changed / ((performance.now() - begun) / 1000) };
    };
}

/** Seats at random, each the other way than it is. */
function pickChanges(hall, count) {
    const changes = {};
    for (let i = 0; i < count; i += 1) {
        const index = Math.floor(Math.random() * hall.count);
        changes[hall.numbers[index]] = hall.status[index] === FREE ? "booked" : "available";
    }
    return changes;
}

/** Once what was drawn before is on the screen. */
function painted() {
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
