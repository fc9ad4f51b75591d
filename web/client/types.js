/** The shapes of the API's answers, for type checkers: nothing loads this file. */

/**
 * @typedef {object} Show
 * @property {number} id
 * @property {string} name
 * @property {string} start_time
 * @property {"scheduled" | "on_sale" | "closed" | "cancelled"} status
 * @property {number} total_seats
 * @property {{available: number, held: number, booked: number}} seats
 * @property {{name: string | null, price: number, price_max: number}[]} sections
 * @property {string} currency
 * @property {string} time_zone
 * @property {boolean} payment_required
 * @property {number} hold_seconds
 * @property {number} max_seats_per_booking
 * @property {number | null} max_seats_per_customer
 * @property {string | null} sales_open_at
 * @property {string | null} sales_close_at
 * @property {string | null} cancel_until
 */

/**
 * @typedef {object} Payment
 * @property {string} id
 * @property {string} provider
 * @property {"pending" | "succeeded" | "failed" | "refund_pending" | "refunded"} status
 * @property {number} amount
 * @property {number} refunded_amount
 * @property {string} currency
 * @property {string | null} [checkout_url]
 * @property {string | null} [client_secret]
 */

/**
 * @typedef {object} Booking
 * @property {string} id
 * @property {number} show_id
 * @property {string[]} seats
 * @property {"PENDING" | "CONFIRMED" | "FAILED" | "CANCELLED"} status
 * @property {boolean} hold
 * @property {boolean} held
 * @property {string | null} hold_expires_at
 * @property {null | "acquire" | "confirm" | "cancel"} wants what a worker has yet to do
 * @property {null | {code: string, seats: string[]}} failure
 * @property {string | null} customer
 * @property {string | null} ticket_code
 * @property {number | null} amount in minor units
 * @property {string} currency
 * @property {Payment | null} payment
 * @property {string} created_at
 * @property {string} updated_at
 */

/**
 * @typedef {object} Wish seats, or a quantity of the best ones
 * @property {number} show_id
 * @property {string[]} [seats]
 * @property {number} [quantity]
 * @property {string} [section]
 * @property {boolean} [hold]
 * @property {string} [customer]
 */

/**
 * @typedef {object} Layout
 * @property {number} show_id
 * @property {{width: number, height: number}} size
 * @property {{name: string | null, numbered: boolean, capacity: number}[]} sections
 * @property {{name: string, color: string | null, price: number}[]} categories
 * @property {Record<string, any>[]} areas
 * @property {Columns} seats
 */

/**
 * @typedef {object} Columns every seat at one place of each list
 * @property {string[]} seat_number
 * @property {(number | null)[]} section place in `sections`
 * @property {(string | null)[]} row
 * @property {(string | null)[]} label
 * @property {(number | null)[]} x null where the section is not numbered
 * @property {(number | null)[]} y
 * @property {(number | null)[]} category place in `categories`
 * @property {number[]} price
 */

/**
 * @typedef {{version: number, states: Uint8Array}} States
 * @typedef {"available" | "held" | "booked"} Status
 * @typedef {{version: number, changes: Record<string, Status>}} Changes
 * @typedef {{seats: string[], together: boolean, amount: number}} Suggestion
 * @typedef {{version: number, suggestions: Suggestion[]}} Suggestions
 */

/**
 * @typedef {object} Options
 * @property {AbortSignal} [signal]
 * @property {number} [patience] milliseconds for which failures that may pass are tried again
 */

/**
 * @typedef {Omit<Wish, "show_id" | "hold">} Seats
 *
 * @typedef {object} Call what is asked of one address
 * @property {Record<string, unknown>} [query]
 * @property {object} [body]
 * @property {Record<string, string>} [headers]
 * @property {number} [wait] seconds for which the service may hold the answer back
 * @property {AbortSignal} [signal]
 * @property {number} [patience]
 *
 * @typedef {object} Fields of a problem
 * @property {number} [status]
 * @property {string} code
 * @property {string} detail
 * @property {{pointer: string, detail: string, code?: string}[]} [errors] with JSON pointers into the request
 * @property {number | null} [retryAfter]
 * @property {unknown} [cause]
 */

/**
 * @typedef {"live" | "polling" | "offline"} Link how a feed hears of changes
 *
 * @typedef {object} Hooks what a source has of its feed
 * @property {string} url address of the stream
 * @property {() => number} getVersion
 * @property {(changes: Changes) => void} take
 * @property {() => Promise<boolean>} catchUp whether anything had changed
 * @property {() => Promise<void>} restore
 * @property {(link: Link) => void} tell
 *
 * @typedef {{kind: "hello"} | {kind: "restored"} | {kind: "now", version: number, link: Link | null}
 *     | {kind: "changes", since: number} & Changes} Message of a feed to other tabs
 */

/**
 * @typedef {{id: string, offset: number | null}} Kept a hold, and by how many milliseconds the service's
 *     clock is ahead of this machine's
 * @typedef {{key: string, wish: Seats, at: number}} Begun a hold that was asked for, and had no answer yet
 * @typedef {{kind: "who"} | {kind: "hold", kept: Kept} | {kind: "changed", id: string}} Telling other tabs of
 *     a hold
 */

export {};
