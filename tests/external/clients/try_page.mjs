// A person who tries the page out: what the browser shows and sends is told as JSON.

import { chromium } from "playwright-core";

const [url, executablePath, key] = process.argv.slice(2);
const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const page = await browser.newPage();
const faults = [];
const asked = new Set();
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
page.on("request", (request) => asked.add(new URL(request.url()).origin));

await page.goto(`${url}/docs/`);
await page.waitForSelector(".opblock-tag");
const tags = await page.$$eval(".opblock-tag", (found) => found.map((tag) => tag.getAttribute("data-tag")));

async function open(operation) {
    const block = page.locator(`[id$="-${operation}"].opblock`);
    await block.locator(".opblock-summary-control").first().click();
    await block.locator(".opblock-body").waitFor();
    return block;
}

async function execute(operation) {
    const block = await open(operation);
    await block.locator(".execute").click();
    const status = block.locator(".live-responses-table .response-col_status").last();
    await status.waitFor();
    return { status: Number.parseInt(await status.innerText()), body: await block.locator(".live-responses-table .highlight-code pre").first().innerText() };
}

await page.locator(".authorize").first().click();
await page.locator(".auth-container input").fill(key);
await page.locator(".auth-btn-wrapper .authorize").click();
await page.locator(".auth-btn-wrapper .btn-done").click();

const created = await execute("create_show");
const booked = await execute("create_booking");
const availability = await execute("get_availability");
const stream = await open("follow_show");
const streamHasButton = (await stream.locator(".execute, .try-out__btn").count()) > 0;
const streamSays = await stream.locator(".opblock-description").innerText();
const webhooks = await page.locator(".webhooks .opblock").count();
console.log(
    JSON.stringify({ tags, created, booked, availability, streamHasButton, streamSays, webhooks, faults, asked: [...asked] }),
);
await browser.close();
