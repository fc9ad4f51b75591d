export { encode, renderSVG } from "uqr";
