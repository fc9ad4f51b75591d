export { polygonArea, polygonCentroid, polygonContains, polygonHull } from "d3-polygon";
