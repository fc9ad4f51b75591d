/** Instead of d3-transition, which is as large as d3-zoom: views of the map move by themselves. */

import { selection } from "d3-selection";

selection.prototype.interrupt = function () {
    return this;
};

export function interrupt() {}
