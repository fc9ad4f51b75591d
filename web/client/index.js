export { Seatline } from "./api.js";
export { Problem } from "./problem.js";
export { SeatFeed } from "./feed.js";
export { HoldKeeper } from "./hold.js";
