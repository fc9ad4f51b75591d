// A journey by the typescript-fetch client that openapi-generator generates, told as JSON.

import { AdminShowsApi, BookingsApi, Configuration, ProblemFromJSON, ResponseError, ShowsApi } from "./client/index";

async function travel(basePath: string, accessToken: string): Promise<unknown> {
    const shows = new ShowsApi(new Configuration({ basePath }));
    const bookings = new BookingsApi(new Configuration({ basePath }));
    const admin = new AdminShowsApi(new Configuration({ basePath, accessToken }));

    const startTime = new Date("2099-01-10T19:30:00Z");
    const show = await admin.createShow({ showRequest: { name: "Hamlet", startTime, totalSeats: 3, price: 2500 } });
    const before = await shows.getAvailability({ showId: show.id });
    const seats = ["1", "2"];
    const booking = await bookings.createBooking({ bookingRequest: { showId: show.id, seats }, prefer: "wait=20" });
    const read = await bookings.getBooking({ bookingId: booking.id, wait: 20 });
    const after = await shows.getAvailability({ showId: show.id });
    const since = await shows.getAvailability({ showId: show.id, since: before.version });
    const refused = await bookings
        .createBooking({ bookingRequest: { showId: show.id, seats: ["4"] } })
        .catch(async (error: ResponseError) => ProblemFromJSON(await error.response.json()));
    if (!("code" in refused)) throw new Error("it was not refused");
    return {
        start_time: show.startTime.toISOString(),
        status: read.status,
        seats: read.seats,
        amount: read.amount,
        nothing: [read.payment, read.failure, read.wants, read.holdExpiresAt, show.salesOpenAt],
        booked: after.booked,
        changes: since.changes,
        refused: [refused.code, refused.errors?.[0]?.pointer],
    };
}

travel(process.argv[2]!, process.argv[3]!).then((told) => console.log(JSON.stringify(told)));
