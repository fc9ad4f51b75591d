/**
 * One by one: policies refuse attributes.
 * @param {HTMLElement} element @param {Record<string, string>} styles
 */
export function setStyle(element, styles) {
    for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value);
}
