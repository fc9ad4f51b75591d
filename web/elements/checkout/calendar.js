/** An event of a calendar: RFC 5545. */

// The end of a show is not known; calendars draw an event without one as a line.
const DURATION = "PT2H";
const LONGEST_LINE = 75;

/**
 * @param {{ uid: string, start: string, name: string, seats: string, stamp: Date }} event
 *     `start` in RFC 3339; `stamp`: when the file is made
 * @returns {string} a file of type text/calendar
 */
export function makeCalendar({ uid, start, name, seats, stamp }) {
    const lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Seatline//Tickets//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        `UID:${escapeText(uid)}`,
        `DTSTAMP:${writeUtc(stamp)}`,
        `DTSTART:${writeUtc(new Date(start))}`,
        `DURATION:${DURATION}`,
        `SUMMARY:${escapeText(name)}`,
        `DESCRIPTION:${escapeText(seats)}`,
        "END:VEVENT",
        "END:VCALENDAR",
    ];
    return lines.map((line) => `${foldLine(line)}\r\n`).join("");
}

/**
 * The event's id: the same for a booking every time. The random part of the booking's id, which is the key to
 * it, stays out: calendars are shared.
 *
 * @param {{ id: string, show_id: number }} booking
 * @param {string} host
 */
export function makeUid({ id, show_id }, host) {
    return `show-${show_id}-${id.slice(0, 13)}@${host}`;
}

/** Offers a text as a file to be saved. @param {string} text @param {string} name of the show */
export function saveCalendar(text, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/calendar;charset=utf-8" }));
    link.download = `${name.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "") || "show"}.ics`;
    link.click();
    // Safari reads the file after the click has returned.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {Date} date @returns {string} "20270110T193000Z" */
function writeUtc(date) {
    return `${date.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** @param {string} text @returns {string} */
function escapeText(text) {
    return text.replaceAll(/[\\;,]/g, "\\$&").replaceAll(/\r\n|\r|\n/g, "\\n");
}

/** Lines of 75 bytes at most, never cut within a character. @param {string} line @returns {string} */
function foldLine(line) {
    const encoder = new TextEncoder();
    let folded = "", length = 0;
    for (const character of line) {
        const bytes = encoder.encode(character).length;
        if (length + bytes > LONGEST_LINE) {
            folded += "\r\n ";
            length = 1;
        }
        folded += character;
        length += bytes;
    }
    return folded;
}
