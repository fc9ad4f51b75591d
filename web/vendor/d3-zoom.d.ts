// d3-zoom loads it: selections have transition() and interrupt().
import type {} from "d3-transition";

export { select } from "d3-selection";
export { zoom, zoomIdentity, zoomTransform } from "d3-zoom";
