import { html } from "../html.js";

/**
 * @typedef {object} Tile
 * @property {string} key
 * @property {string} title
 * @property {number} count
 * @property {string} [help] what it means
 * @property {import("./badge.js").Tone} [tone] of a count that is not nought
 */

/**
 * Counts side by side. With `onOpen` each narrows the list below to what it counts, and again to everything.
 * @param {{label: string, tiles: Tile[], open?: string, onOpen?: (key: string) => void}} props
 */
export const Tiles = ({ label, tiles, open = "", onOpen }) => html`
  <ul class="tiles" aria-label=${label}>
    ${tiles.map((tile) => html`<li key=${tile.key}>
      ${onOpen
        ? html`<button type="button" class=${`tile ${toneOf(tile)}`} aria-pressed=${tile.key === open ? "true" : "false"} onClick=${() => onOpen(tile.key === open ? "" : tile.key)}><${Inside} tile=${tile} /></button>`
        : html`<div class=${`tile ${toneOf(tile)}`}><${Inside} tile=${tile} /></div>`}
    </li>`)}
  </ul>
`;

/** @param {{tile: Tile}} props */
const Inside = ({ tile }) => html`
  <span class="tile-count">${tile.count.toLocaleString("en-US")}</span>
  <span class="tile-title">${tile.title}</span>
  ${tile.help && html`<span class="tile-help">${tile.help}</span>`}
`;

/** @param {Tile} tile */
const toneOf = (tile) => (tile.count ? (tile.tone ?? "") : "");
