// E, the service done straight: one transaction a booking, and the answer to POST is its outcome.

import cluster from "node:cluster";

import express from "express";
import pg from "pg";

const { EXPRESS_DATABASE_URL, EXPRESS_PORT, EXPRESS_PROCESSES, EXPRESS_CONNECTIONS } = process.env;

// Named, so that each connection prepares a statement once.
const INSERT_BOOKING = {
  name: "insert_booking",
  text: "INSERT INTO bookings (show_id, seats, status) VALUES ($1, $2, $3) RETURNING id",
};
const BOOK_SEATS = {
  name: "book_seats",
  text: `UPDATE seats SET status = 'booked', booking_id = $1, updated_at = now()
         WHERE show_id = $2 AND seat_number = ANY($3) AND status = 'available'`,
};
const CONFIRM_BOOKING = {
  name: "confirm_booking",
  text: "UPDATE bookings SET status = 'CONFIRMED', updated_at = now() WHERE id = $1",
};
const SELECT_BOOKING = { name: "select_booking", text: "SELECT * FROM bookings WHERE id = $1" };
const SELECT_SEATS = {
  name: "select_seats",
  text: "SELECT seat_number, status FROM seats WHERE show_id = $1 ORDER BY id",
};

async function insert(client, showId, seats, status) {
  const { rows } = await client.query({ ...INSERT_BOOKING, values: [showId, seats, status] });
  return rows[0].id;
}

async function book(client, showId, seats) {
  await client.query("BEGIN");
  const id = await insert(client, showId, seats, "PENDING");
  const { rowCount } = await client.query({ ...BOOK_SEATS, values: [id, showId, seats] });
  if (rowCount !== seats.length) {
    // Of several seats some may have been free.
    await client.query("ROLLBACK");
    return { id: await insert(client, showId, seats, "FAILED"), status: "FAILED" };
  }
  await client.query({ ...CONFIRM_BOOKING, values: [id] });
  await client.query("COMMIT");
  return { id, status: "CONFIRMED" };
}

function serve() {
  const pool = new pg.Pool({ connectionString: EXPRESS_DATABASE_URL, max: Number(EXPRESS_CONNECTIONS) });
  const app = express();
  app.disable("x-powered-by");
  app.use(express.json());

  app.get("/nothing", (request, response) => response.json({}));

  app.post("/bookings", async (request, response) => {
    const { show_id: showId, seats } = request.body ?? {};
    if (!Number.isInteger(showId) || !Array.isArray(seats) || seats.length === 0) {
      return response.status(422).json({ error: "a show and its seats, please" });
    }
    const client = await pool.connect();
    let fault;
    try {
      const booking = await book(client, showId, seats);
      response.status(booking.status === "CONFIRMED" ? 201 : 409).json(booking);
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      // A connection whose transaction may still be open is closed.
      client.release(fault);
    }
  });

  app.get("/bookings/:id", async (request, response) => {
    const { rows: [booking] } = await pool.query({ ...SELECT_BOOKING, values: [request.params.id] });
    if (booking) response.json(booking);
    else response.status(404).json({ error: "no such booking" });
  });

  app.get("/shows/:id/seats", async (request, response) => {
    const { rows } = await pool.query({ ...SELECT_SEATS, values: [request.params.id] });
    response.json({ show_id: Number(request.params.id), seats: rows });
  });

  app.listen(Number(EXPRESS_PORT), "127.0.0.1");
}

if (cluster.isPrimary) {
  for (let process_ = 0; process_ < Number(EXPRESS_PROCESSES); process_ += 1) cluster.fork();
} else {
  serve();
}
