/** Instead of d3-interpolate, which only transitions need. */

export function interpolateZoom() {}
