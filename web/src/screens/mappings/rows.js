// The table of a mapping, to type and paste into. Only a part of it is drawn at a time, so that thousands of rows stay quick.
import { useEffect, useId, useRef, useState } from "../../../vendor/preact-hooks.js";
import { Button } from "../../components/button.js";
import { useIds } from "../../components/field.js";
import { html } from "../../html.js";
import { cellsOf } from "./text.js";

const SHOWN = 50;

/** @typedef {import("../../types.js").Entry} Entry */

/**
 * @param {{entries: Entry[], faults: Map<number, {field: "external" | "value", message: string}>, disabled: boolean,
 *   onChange: (entries: Entry[]) => void}} props
 */
export function Rows({ entries, faults, disabled, onChange }) {
  const idOf = useIds();
  const [find, setFind] = useState("");
  const [page, setPage] = useState(0);
  const focus = useRef("");
  const values = useId();
  useEffect(() => {
    if (focus.current) document.getElementById(focus.current)?.focus();
    focus.current = "";
  });
  const wanted = find.trim().toLowerCase();
  const found = entries.map((entry, row) => ({ entry, row })).filter(({ entry, row }) => (wanted === "!" ? faults.has(row) : !wanted || `${entry.external}\n${entry.value}`.toLowerCase().includes(wanted)));
  const pages = Math.max(1, Math.ceil(found.length / SHOWN));
  const open = Math.min(page, pages - 1);
  const shown = found.slice(open * SHOWN, (open + 1) * SHOWN);

  const set = (/** @type {number} */ row, /** @type {Partial<Entry>} */ change) => onChange(entries.map((entry, at) => (at === row ? { ...entry, ...change } : entry)));
  const add = () => {
    setFind("");
    setPage(Math.floor(entries.length / SHOWN));
    focus.current = idOf(`entries.${entries.length}.external`);
    onChange([...entries, { external: "", value: "" }]);
  };
  const remove = (/** @type {number} */ row) => {
    focus.current = idOf(entries.length > 1 ? `entries.${Math.min(row, entries.length - 2)}.external` : "entries");
    onChange(entries.filter((_, at) => at !== row));
  };
  const paste = (/** @type {ClipboardEvent} */ event, /** @type {number} */ row, /** @type {"external" | "value"} */ column) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    onChange(pasted(entries, cellsOf(text), row, column));
  };
  return html`
    ${(entries.length > SHOWN || find) && html`<label class="filter"><span>Find in rows</span><input type="search" value=${find} onInput=${(/** @type {any} */ event) => setFind(event.target.value)} /></label>`}
    ${faults.size > 0 && html`<p class="fault" role="status">${faults.size === 1 ? "One row needs" : `${faults.size} rows need`} your attention. ${entries.length > SHOWN && html`<button type="button" class="link" onClick=${() => setFind("!")}>Show only those</button>`}</p>`}
    <datalist id=${values}>${[...new Set(entries.map((entry) => entry.value))].filter(Boolean).slice(0, 200).map((value) => html`<option key=${value} value=${value}></option>`)}</datalist>
    <table class="rows" role="table" aria-rowcount=${entries.length + 1}>
      <caption class="hidden">Rows of the mapping</caption>
      <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">External value</th><th role="columnheader" scope="col">Our value</th><th role="columnheader" scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody role="rowgroup">
        ${shown.map(({ entry, row }) => html`<${Row}
          key=${row}
          row=${row}
          entry=${entry}
          fault=${faults.get(row)}
          disabled=${disabled}
          values=${values}
          onChange=${set}
          onRemove=${remove}
          onPaste=${paste}
        />`)}
      </tbody>
    </table>
    <div class="rows-foot">
      <${Button} label="Add row" icon="add" denied=${disabled ? "You may not change this mapping." : ""} onClick=${add} />
      ${pages > 1 && html`<span class="muted">Rows ${open * SHOWN + 1} to ${open * SHOWN + shown.length} of ${found.length.toLocaleString("en-US")}</span>
        <${Button} label="Earlier rows" icon="back" iconOnly denied=${open ? "" : "These are the first rows."} onClick=${() => setPage(open - 1)} />
        <${Button} label="Later rows" icon="forward" iconOnly denied=${open < pages - 1 ? "" : "These are the last rows."} onClick=${() => setPage(open + 1)} />`}
    </div>
  `;
}

/** @param {any} props */
function Row({ row, entry, fault, disabled, values, onChange, onRemove, onPaste }) {
  const idOf = useIds();
  const cell = (/** @type {"external" | "value"} */ column, /** @type {string} */ label) => html`<td role="cell" data-label=${label}>
    <input
      id=${idOf(`entries.${row}.${column}`)}
      aria-label=${`${label}, row ${row + 1}`}
      value=${entry[column]}
      maxlength="200"
      autocomplete="off"
      disabled=${disabled}
      list=${column === "value" ? values : undefined}
      aria-invalid=${fault?.field === column ? "true" : undefined}
      aria-describedby=${fault?.field === column ? idOf(`entries.${row}.fault`) : undefined}
      onInput=${(/** @type {any} */ event) => onChange(row, { [column]: event.target.value })}
      onPaste=${(/** @type {ClipboardEvent} */ event) => onPaste(event, row, column)}
    />
    ${fault?.field === column && html`<span class="fault" id=${idOf(`entries.${row}.fault`)}>${fault.message}</span>`}
  </td>`;
  return html`<tr role="row" aria-rowindex=${row + 2}>
    ${cell("external", "External value")}${cell("value", "Our value")}
    <td role="cell" class="actions"><${Button} label=${`Remove row ${row + 1}`} icon="trash" iconOnly kind="quiet" denied=${disabled ? "You may not change this mapping." : ""} onClick=${() => onRemove(row)} /></td>
  </tr>`;
}

/**
 * What was copied from a spreadsheet, laid over the rows from where it is pasted.
 * @param {Entry[]} entries @param {string[][]} cells @param {number} row @param {"external" | "value"} column
 */
function pasted(entries, cells, row, column) {
  const next = [...entries];
  cells.forEach((line, down) => {
    const before = next[row + down] ?? { external: "", value: "" };
    const [first = "", second] = line.map((text) => text.trim());
    next[row + down] = column === "value" ? { ...before, value: first } : { external: first, value: second ?? before.value };
  });
  return next;
}
