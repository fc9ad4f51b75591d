// A journey by openapi-fetch with the types that openapi-typescript generates, told as JSON.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Problem = components["schemas"]["Problem"];

function take<T>(answer: { data?: T; error?: Problem }): T {
    if (answer.data === undefined) throw new Error(answer.error?.detail);
    return answer.data;
}

async function travel(baseUrl: string, key: string): Promise<unknown> {
    const client = createClient<paths>({ baseUrl });
    const show = take(
        await client.POST("/admin/shows", {
            body: { name: "Hamlet", start_time: "2099-01-10T19:30:00Z", total_seats: 3, price: 2500 },
            headers: { Authorization: `Bearer ${key}` },
        }),
    );
    const path = { show_id: show.id };
    const before = take(await client.GET("/shows/{show_id}/availability", { params: { path } }));
    const booking = take(
        await client.POST("/bookings", {
            body: { show_id: show.id, seats: ["1", "2"] },
            params: { header: { Prefer: "wait=20" } },
        }),
    );
    const read = take(
        await client.GET("/bookings/{booking_id}", {
            params: { path: { booking_id: booking.id }, query: { wait: 20 } },
        }),
    );
    const after = take(await client.GET("/shows/{show_id}/availability", { params: { path } }));
    const query = { since: before.version };
    const since = take(await client.GET("/shows/{show_id}/availability", { params: { path, query } }));
    const { error: refused } = await client.POST("/bookings", { body: { show_id: show.id, seats: ["4"] } });
    return {
        start_time: new Date(show.start_time).toISOString(),
        status: read.status,
        seats: read.seats,
        amount: read.amount,
        nothing: [read.payment, read.failure, read.wants, read.hold_expires_at, show.sales_open_at],
        booked: after.booked,
        changes: since.changes,
        refused: [refused?.code, refused?.errors?.[0]?.pointer],
    };
}

travel(process.argv[2]!, process.argv[3]!).then((told) => console.log(JSON.stringify(told)));
