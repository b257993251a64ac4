// One unmapped value: what it is, who has it, and what it may stand for.
import { useId } from "../../../vendor/preact-hooks.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { titleOf } from "../mappings/entities.js";
import { keyOf } from "./answers.js";

/**
 * @param {import("./answers.js").AnswersState} answers
 * @param {Record<string, string[]>} values what may be chosen, by entity
 * @param {string} denied
 * @returns {import("../../components/table.js").Column[]}
 */
export const columns = (answers, values, denied) => [
  { key: "value", title: "Value", render: (row) => html`<span class="stack"><strong class="wrap"><code>${row.value || "blank"}</code>${row.label && row.label !== row.value ? ` ${row.label}` : ""}</strong><span class="muted">${titleOf(row.entity)}</span></span>` },
  { key: "people", title: "Who has it", render: (row) => html`<${Who} row=${row} />` },
  {
    key: "answer",
    title: "Stands for",
    render: (row) => html`<${AnswerField} row=${row} draft=${answers.drafts.get(keyOf(row))?.value ?? ""} fault=${answers.faults.get(keyOf(row))} values=${values[row.entity] ?? []} denied=${denied} onChange=${(/** @type {string} */ value) => answers.set(row, value)} onSend=${() => answers.send([keyOf(row)])} />`,
  },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => html`<${Button} label=${`Apply the answer for ${row.value}`} icon="check" iconOnly kind="quiet" busy=${answers.sending} denied=${denied || (answers.drafts.has(keyOf(row)) ? "" : "Enter what it stands for first.")} onClick=${() => answers.send([keyOf(row)])} />`,
  },
];

/** @param {{row: import("../../types.js").UnmappedValue}} props */
function Who({ row }) {
  if (row.whole_school) {
    return html`<span class="stack"><${Badge} tone="warn" label="A whole school" /><span class="muted">Left out; the next sync after your answer reads it</span></span>`;
  }
  const people = row.count === 1 ? "1 person" : `${row.count.toLocaleString("en-US")} people`;
  const named = row.people.map((person) => nameOf(person, person.source_id));
  const more = row.count - named.length;
  return html`<span class="stack">
    <${Badge} tone=${row.severity === "error" ? "bad" : "warn"} label=${row.severity === "error" ? `${people} not loaded` : `${people} without it`} />
    ${named.length > 0 && html`<span class="muted">${named.join(", ")}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}</span>`}
  </span>`;
}

/**
 * @param {{row: import("../../types.js").UnmappedValue, draft: string, fault?: string, values: string[], denied: string,
 *   onChange: (value: string) => void, onSend: () => void}} props
 */
function AnswerField({ row, draft, fault, values, denied, onChange, onSend }) {
  const id = useId();
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && draft.trim()) onSend();
  };
  return html`<div class="answer">
    <input
      aria-label=${`What ${row.value || "blank"} stands for, ${titleOf(row.entity)}`}
      aria-invalid=${fault ? "true" : undefined}
      aria-describedby=${fault ? `${id}-fault` : undefined}
      list=${`${id}-values`}
      maxlength="200"
      autocomplete="off"
      placeholder="Choose or type"
      value=${draft}
      disabled=${Boolean(denied)}
      onInput=${(/** @type {any} */ event) => onChange(event.target.value)}
      onKeyDown=${press}
    />
    <datalist id=${`${id}-values`}>${values.map((value) => html`<option key=${value} value=${value}></option>`)}</datalist>
    ${fault && html`<span class="fault" id=${`${id}-fault`}>${fault}</span>`}
    ${row.suggestions.length > 0 &&
    html`<ul class="chips" aria-label=${`Suggestions for ${row.value}`}>
      ${row.suggestions.map(
        (one) => html`<li key=${one.value}>
          <button type="button" class="chip" title=${one.why} aria-pressed=${draft === one.value ? "true" : "false"} disabled=${Boolean(denied)} onClick=${() => onChange(draft === one.value ? "" : one.value)}>
            ${one.value} <span class="muted">${one.confidence} %</span>
          </button>
        </li>`,
      )}
    </ul>
    <span class="help">${row.suggestions[0]?.why}</span>`}
  </div>`;
}
