-- E's tables: a show, its seats, its bookings, and nothing else.

CREATE TABLE shows (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    total_seats integer NOT NULL
);

CREATE TABLE bookings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    show_id bigint NOT NULL REFERENCES shows,
    seats text[] NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'FAILED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE seats (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    show_id bigint NOT NULL REFERENCES shows,
    seat_number text NOT NULL,
    status text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'held', 'booked')),
    booking_id uuid REFERENCES bookings,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (show_id, seat_number)
);
