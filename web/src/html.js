// Markup without a compiler: html`<p>${text}</p>` makes Preact elements.
import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

/** @type {(strings: TemplateStringsArray, ...values: any[]) => import("../vendor/preact.js").VNode<any>} */
export const html = /** @type {any} */ (htm.bind(h));
