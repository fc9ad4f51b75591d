/** A map in an empty page, for tests of what is drawn: `window.hall`, `window.stage`, what it told in `window.told`. */
import { Hall } from "/assets/here/map/model.js";
import { Stage } from "/assets/here/map/stage.js";

const EVENTS = ["stage-pick", "stage-hover", "stage-section", "stage-view"];

/** Once nothing waits to be drawn. */
export async function settle() {
    do await new Promise((resolve) => requestAnimationFrame(resolve));
    while (!window.stage.idle);
}

/** A map of the whole window; its element is `window.host`. */
export async function mount(layout, options = {}) {
    const main = document.querySelector("main");
    const host = document.createElement("div");
    const style = { position: "relative", width: "100vw", height: "100vh", overflow: "hidden", ...options.style };
    for (const [name, value] of Object.entries(style)) host.style.setProperty(name, value);
    document.body.style.setProperty("margin", "0");
    main.replaceChildren(host);
    const hall = new Hall(layout);
    Object.assign(window, { hall, host, settle, told: [] });
    for (const name of EVENTS) {
        host.addEventListener(name, ({ detail }) => {
            window.told.push([name, { ...detail, section: detail.section?.name }]);
        });
    }
    window.stage = new Stage(host, hall, options);
    await settle();
}
