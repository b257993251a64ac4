import { html } from "../html.js";
import { Button } from "./button.js";
import { Icon } from "./icon.js";

const SKELETON_ROWS = 6;

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title blank: a column of actions, named by `hidden`
 * @property {(row: any) => import("../types.js").Children} render
 * @property {boolean} [sorts] its heading sorts by `key`
 * @property {"end"} [align] for numbers
 * @property {string} [hidden] its name, where it shows none
 */

/**
 * A list. `rows` is null until the first page is here; roles are spelled out because on a narrow screen each row is laid out as
 * a card, which would take the table's meaning away.
 * @param {{caption: string, columns: Column[], rows: any[] | null, loading?: boolean, sort?: {by: string, order: string},
 *   onSort?: (key: string) => void, empty?: import("../types.js").Children, keyOf?: (row: any) => string}} props
 */
export function Table({ caption, columns, rows, loading = false, sort, onSort, empty, keyOf = (row) => row.id }) {
  if (rows && !rows.length && !loading) return empty ?? null;
  return html`<div class="table-frame">
    <table role="table" aria-busy=${loading || !rows ? "true" : "false"}>
      <caption class="hidden">${caption}</caption>
      <thead role="rowgroup"><tr role="row">${columns.map((column) => html`<${Heading} column=${column} sort=${sort} onSort=${onSort} />`)}</tr></thead>
      <tbody role="rowgroup">
        ${rows ? rows.map((row) => html`<${Row} key=${keyOf(row)} row=${row} columns=${columns} />`) : skeleton(columns)}
      </tbody>
    </table>
  </div>`;
}

/** @param {{column: Column, sort?: {by: string, order: string}, onSort?: (key: string) => void}} props */
function Heading({ column, sort, onSort }) {
  const sorted = sort && column.sorts && sort.by === column.key ? (sort.order === "asc" ? "ascending" : "descending") : undefined;
  const name = column.title || html`<span class="hidden">${column.hidden}</span>`;
  return html`<th role="columnheader" scope="col" class=${column.align ?? ""} aria-sort=${sorted ?? (column.sorts ? "none" : undefined)}>
    ${column.sorts
      ? html`<button type="button" class="sort" onClick=${() => onSort?.(column.key)}>
          ${name}<span class=${`arrow ${sorted ?? ""}`}><${Icon} name=${sorted === "descending" ? "down" : "up"} /></span>
        </button>`
      : name}
  </th>`;
}

/** @param {{row: any, columns: Column[]}} props */
const Row = ({ row, columns }) => html`<tr role="row">
  ${columns.map((column) => html`<td role="cell" class=${`${column.align ?? ""} ${column.title ? "" : "actions"}`} data-label=${column.title || undefined}>${column.render(row)}</td>`)}
</tr>`;

/** @param {Column[]} columns */
const skeleton = (columns) =>
  Array.from({ length: SKELETON_ROWS }, (_, at) => html`<tr key=${at} role="row" class="skeleton" aria-hidden="true">${columns.map(() => html`<td role="cell"><span></span></td>`)}</tr>`);

/** `< >`. @param {{previous: (() => void) | null, next: (() => void) | null, count?: number}} props */
export function Pager({ previous, next, count }) {
  if (!previous && !next) return null;
  return html`<nav class="pager" aria-label="Pages">
    ${count !== undefined && html`<span class="muted">${count.toLocaleString("en-US")} on this page</span>`}
    <${Button} label="Previous page" icon="back" iconOnly onClick=${previous ?? undefined} denied=${previous ? "" : "This is the first page."} />
    <${Button} label="Next page" icon="forward" iconOnly onClick=${next ?? undefined} denied=${next ? "" : "This is the last page."} />
  </nav>`;
}
