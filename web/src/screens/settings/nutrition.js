import { get, put } from "../../api.js";
import { Button } from "../../components/button.js";
import { faultOf } from "../../components/errors.js";
import { SelectField, TextField, useIds } from "../../components/field.js";
import { LoadError } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useForm, wholeNumber } from "../../form.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";
import { Panel } from "./panel.js";

/** @typedef {import("../../types.js").NutritionColumn["field"]} Holds */
/** @typedef {{key: string, name: string, field: Holds, length: string}} Row */

const MOST = 100;

/** @type {Record<Holds, string>} */
const HOLDS = {
  local_id: "Local ID", state_id: "State ID", pos_id: "POS ID (PIN)", source_id: "ID in the SIS",
  first_name: "First name", middle_name: "Middle name", last_name: "Last name", suffix: "Suffix", birth_date: "Birth date",
  gender: "Gender", ethnicity: "Ethnicity", races: "Races", language: "Language", email: "E-mail",
  school: "School", school_year: "School year", grade: "Grade", homeroom: "Homeroom", start_date: "Start date", other_schools: "Other schools",
  family_id: "Family", home_phone: "Home phone", mobile_phone: "Mobile phone",
  street: "Street", city: "City", state: "State", postal_code: "ZIP code",
  mailing_street: "Mailing street", mailing_city: "Mailing city", mailing_state: "Mailing state", mailing_postal_code: "Mailing ZIP code",
  guardian_first_name: "Guardian’s first name", guardian_last_name: "Guardian’s last name", guardian_relationship: "Guardian’s relationship",
  guardian_phone: "Guardian’s phone", guardian_email: "Guardian’s e-mail", allergies: "Allergies",
};
const HOLDS_OPTIONS = Object.entries(HOLDS).map(([value, title]) => ({ value, title }));
const DELIMITERS = [
  { value: ",", title: "Comma" },
  { value: ";", title: "Semicolon" },
  { value: "\t", title: "Tab" },
  { value: "|", title: "Vertical bar" },
];

/** The columns of the file for the nutrition application. */
export function NutritionFile() {
  const { data, error, reload } = useLoad(
    /** @returns {Promise<import("../../types.js").NutritionTemplate>} */ (signal) => get(at("/nutrition-template"), { signal }),
    [],
  );
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  if (!data) return html`<p class="muted" aria-live="polite">Loading…</p>`;
  return html`<${Template} stored=${data} onSaved=${reload} />`;
}

/** @param {{stored: import("../../types.js").NutritionTemplate, onSaved: () => void}} props */
function Template({ stored, onSaved }) {
  const idOf = useIds();
  const denied = reasonAgainst("admin");
  const off = Boolean(denied);
  const form = useForm({
    stored: {
      columns: stored.columns.map(({ name, field, length }) => /** @type {Row} */ ({ key: crypto.randomUUID(), name, field, length: length ? String(length) : "" })),
      delimiter: stored.delimiter,
      list_separator: stored.list_separator,
    },
    what: "the nutrition file",
    denied,
    check: faultsOf,
    send: ({ columns, delimiter, list_separator }) =>
      put(
        at("/nutrition-template"),
        { columns: columns.map(({ name, field, length }) => ({ name, field, length: length.trim() ? Number(length) : null })), delimiter, list_separator },
        { version: stored.version },
      ),
    onSaved: () => {
      toast("The nutrition file is saved. Exports from now on have these columns.");
      onSaved();
    },
  });
  const { columns, delimiter, list_separator } = form.form;
  const set = (/** @type {number} */ row, /** @type {Partial<Row>} */ changes) =>
    form.change({ columns: columns.map((one, other) => (other === row ? { ...one, ...changes } : one)) });
  const swap = (/** @type {number} */ row, /** @type {number} */ by) => {
    const other = columns[row + by];
    const moved = columns[row];
    if (!moved || !other) return;
    form.change({ columns: columns.with(row + by, moved).with(row, other) });
    // The button keeps the focus although its row has moved.
    requestAnimationFrame(() => document.getElementById(`${by < 0 ? "up" : "down"}-${moved.key}`)?.querySelector("button")?.focus());
  };
  const add = () => form.change({ columns: [...columns, { key: crypto.randomUUID(), name: "", field: "local_id", length: "" }] });
  return html`<${Panel} form=${form} denied=${denied} labelOf=${labelOf}>
    <p class="muted">One line for every student whom an integration sends to the nutrition application, one column for each row here, in this order.</p>
    <div class="fields">
      <${SelectField} name="delimiter" label="Between columns" value=${delimiter} options=${DELIMITERS} disabled=${off} onChange=${(/** @type {any} */ text) => form.change({ delimiter: text })} />
      <${TextField} name="list_separator" label="Between allergies" required maxLength=${5} help="Blanks count, such as “; ”." value=${list_separator} error=${faultOf(form.faults, "list_separator")} disabled=${off} onInput=${(/** @type {string} */ text) => form.change({ list_separator: text })} />
      <h2 class="section" id="template-columns">Columns</h2>
      <ol class="wide template" aria-labelledby="template-columns">
        ${columns.map((one, row) => html`<li key=${one.key} id=${idOf(`columns.${row}`)} tabindex="-1">
          <span class="muted number" aria-hidden="true">${row + 1}</span>
          <${TextField} name=${`columns.${row}.name`} label="Heading" required maxLength=${60} value=${one.name} error=${faultOf(form.faults, `columns.${row}.name`)} disabled=${off} onInput=${(/** @type {string} */ name) => set(row, { name })} />
          <${SelectField} name=${`columns.${row}.field`} label="Holds" value=${one.field} options=${HOLDS_OPTIONS} disabled=${off} onChange=${(/** @type {Holds} */ field) => set(row, { field })} />
          <${TextField} name=${`columns.${row}.length`} label="At most" type="number" placeholder="All" value=${one.length} error=${faultOf(form.faults, `columns.${row}.length`)} disabled=${off} onInput=${(/** @type {string} */ length) => set(row, { length })} />
          <span class="row-actions">
            <span id=${`up-${one.key}`}><${Button} label=${`Move ${one.name || `column ${row + 1}`} up`} icon="up" iconOnly kind="quiet" denied=${denied || (row ? "" : "It is the first column.")} onClick=${() => swap(row, -1)} /></span>
            <span id=${`down-${one.key}`}><${Button} label=${`Move ${one.name || `column ${row + 1}`} down`} icon="down" iconOnly kind="quiet" denied=${denied || (row < columns.length - 1 ? "" : "It is the last column.")} onClick=${() => swap(row, 1)} /></span>
            <${Button} label=${`Remove ${one.name || `column ${row + 1}`}`} icon="trash" iconOnly kind="quiet" denied=${denied || (columns.length > 1 ? "" : "A file has at least one column.")} onClick=${() => form.change({ columns: columns.filter((_, other) => other !== row) })} />
          </span>
        </li>`)}
      </ol>
      <div class="wide"><${Button} label="Add column" icon="add" denied=${denied || (columns.length < MOST ? "" : `A file has at most ${MOST} columns.`)} onClick=${add} /></div>
    </div>
  <//>`;
}

/** @param {{columns: Row[], list_separator: string}} form */
const faultsOf = ({ columns, list_separator }) => [
  ...(list_separator ? [] : [{ field: "list_separator", code: "required", message: "Enter what stands between two allergies." }]),
  ...columns.flatMap(({ name, length }, row) => [
    ...(name.trim() ? [] : [{ field: `columns.${row}.name`, code: "required", message: "Enter a heading." }]),
    ...(!length.trim() || wholeNumber(length, 1, 1000) ? [] : [{ field: `columns.${row}.length`, code: "number", message: "Enter a whole number from 1 to 1,000, or leave it blank." }]),
  ]),
];

/** @param {string} field */
function labelOf(field) {
  const [first, row, name] = field.split(".");
  if (first === "columns" && row) return `Column ${Number(row) + 1}, ${name === "length" ? "at most" : "heading"}`;
  return { delimiter: "Between columns", list_separator: "Between allergies" }[field] ?? field;
}
