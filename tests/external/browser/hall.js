/** Halls made up for tests, with a list or a grid of them; what happens is kept in `window.seen`. */
import { Hall } from "/assets/here/map/model.js";
import { Stage } from "/assets/here/map/stage.js";
import { Announcer } from "/assets/here/elements/announcer.js";
import { SeatGrid } from "/assets/here/elements/seat-grid.js";
import { SeatNames } from "/assets/here/elements/seat-names.js";
import { loadTexts } from "/assets/here/elements/texts.js";
import "/assets/here/elements/seat-list.js";

const PITCH = 24;

/** A layout of sections {name, rows, seats, price} and {name, capacity, price}, one behind the other. */
function makeLayout(sections) {
    const seats = { seat_number: [], section: [], row: [], label: [], x: [], y: [], category: [], price: [] };
    let top = 0;
    sections.forEach(({ name, rows = 0, seats: inRow, capacity = rows * inRow, price }, section) => {
        for (let place = 0; place < capacity; place++) {
            const row = rows ? Math.floor(place / inRow) : null;
            const label = String(row === null ? place + 1 : (place % inRow) + 1);
            const letter = row === null ? null : String.fromCharCode(65 + (row % 26)).repeat(1 + Math.floor(row / 26));
            seats.seat_number.push([name, letter, label].filter(Boolean).join("-"));
            seats.section.push(section);
            seats.row.push(letter);
            seats.label.push(label);
            seats.x.push(row === null ? null : (place % inRow) * PITCH);
            seats.y.push(row === null ? null : top + row * PITCH);
            seats.category.push(null);
            seats.price.push(price);
        }
        top += (rows + 2) * PITCH;
    });
    const frame = sections.map(({ name, rows = 0, seats: inRow, capacity = rows * inRow }) => ({
        name,
        numbered: rows > 0,
        capacity,
    }));
    const size = { width: 1, height: 1 };
    return { show_id: 1, size, sections: frame, categories: [], areas: [], seats };
}

window.makeHall = (sections) => new Hall(makeLayout(sections));

async function begin(sections, locale) {
    const hall = window.makeHall(sections);
    const texts = await loadTexts(locale, "map");
    Object.assign(window, { hall, texts, seen: [] });
    return { hall, texts };
}

/** As much choosing as there is on a page: any free seat, up to ten. */
function toggle(index) {
    const { hall } = window;
    if (hall.selected.delete(index)) return;
    if (hall.isFree(index) && hall.selected.size < 10) hall.selected.add(index);
}

window.mountList = async (sections, locale = "en") => {
    const { hall, texts } = await begin(sections, locale);
    const list = document.createElement("seatline-list");
    list.addEventListener("seat-toggle", ({ detail }) => {
        toggle(detail.index);
        window.seen.push(detail);
        list.revision += 1;
    });
    list.addEventListener("section-quantity", ({ detail }) => {
        const places = [...hall.sections[detail.section].seats];
        for (const index of places) hall.selected.delete(index);
        for (const index of places.filter((each) => hall.isFree(each)).slice(0, detail.quantity)) toggle(index);
        window.seen.push(detail);
        list.revision += 1;
    });
    Object.assign(list, { hall, texts, currency: "EUR" });
    document.querySelector("#place").replaceChildren(list);
    window.list = list;
    await list.updateComplete;
};

/** Others' bookings arrive. */
window.change = async (changes) => {
    const indexes = window.hall.apply(changes);
    window.grid?.update(indexes);
    window.stage?.update(indexes);
    if (window.list) {
        window.list.revision += 1;
        await window.list.updateComplete;
    }
};

window.mountGrid = async (sections, locale = "en") => {
    const { hall, texts } = await begin(sections, locale);
    const [before, host, after] = ["button", "div", "button"].map((name) => document.createElement(name));
    before.textContent = "Before";
    after.textContent = "After";
    Object.assign(host.style, { position: "relative", width: "800px", height: "500px" });
    document.querySelector("#place").replaceChildren(before, host, after);
    const stage = new Stage(host, hall);
    const names = new SeatNames(texts, hall, { currency: "EUR" });
    window.describe = (index) => names.full(index);
    const pick = (index) => {
        toggle(index);
        window.seen.push(index);
        window.grid.update([index]);
        stage.update([index]);
    };
    const grid = new SeatGrid(host, hall, stage.hit, stage, window.describe, pick, texts.t);
    host.addEventListener("grid-leave", () => after.focus());
    const rings = [];
    const ring = stage.ring.bind(stage);
    stage.ring = (index) => {
        rings.push(index);
        ring(index);
    };
    Object.assign(window, { stage, grid, host, rings });
};

window.makeAnnouncer = () => {
    const timers = new Map();
    const clock = {
        time: 0,
        now: () => clock.time,
        setTimeout: (run, milliseconds) => timers.set(timers.size + 1, { run, at: clock.time + milliseconds }).size,
        clearTimeout: (timer) => timers.delete(timer),
        advance(milliseconds) {
            clock.time += milliseconds;
            for (const [timer, { run, at }] of timers) if (at <= clock.time && timers.delete(timer)) run();
        },
    };
    const announcer = new Announcer(document.body, clock);
    Object.assign(window, { clock, announcer });
};
