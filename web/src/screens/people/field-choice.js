import { Button } from "../../components/button.js";
import { ChoicesField, SelectField, TextField, useIds } from "../../components/field.js";
import { html } from "../../html.js";
import { WRITABLE, fieldTitle, inWords, plainDate } from "./words.js";

const PHONE_TYPES = ["home", "mobile", "work", "other"];

/**
 * @typedef {object} ChoiceProps
 * @property {string} name
 * @property {import("../../types.js").PersonDetail} person
 * @property {boolean} whole the whole person is kept, so that a field is kept or corrected
 * @property {"" | "keep" | "write"} choice
 * @property {any} value what is written by hand
 * @property {string[]} known the values that may be written, if only some may
 * @property {string} [error]
 * @property {(choice: "" | "keep" | "write") => void} onChoose
 * @property {(value: any) => void} onWrite
 */

/** One field: whether it follows the SIS, stays as it is, or is corrected by hand, and then to what. @param {ChoiceProps} props */
export function FieldChoice({ name, person, whole, choice, value, known, error, onChoose, onWrite }) {
  const id = `${useIds()("choice")}-${name}`;
  const current = /** @type {Record<string, any>} */ (person)[name];
  const options = [
    ...(whole ? [] : [["", "Follows the SIS"]]),
    [whole ? "" : "keep", "Stays as it is"],
    ...(WRITABLE.includes(name) ? [["write", "Corrected by hand"]] : []),
  ];
  const picked = whole && choice === "keep" ? "" : choice;
  return html`<div class="protect-field">
    <label for=${id}><strong>${fieldTitle(name)}</strong> <span class="muted">${name === "birth_date" && current ? plainDate(current) : inWords(current)}</span></label>
    <select id=${id} value=${picked} onChange=${(/** @type {any} */ event) => onChoose(event.target.value)}>
      ${options.map(([key, title]) => html`<option key=${key} value=${key}>${title}</option>`)}
    </select>
    ${picked === "write" && html`<div class="protect-value"><${Value} name=${name} value=${value} known=${known} error=${error} onWrite=${onWrite} /></div>`}
  </div>`;
}

/** The control for a field's kind of value. @param {{name: string, value: any, known: string[], error?: string, onWrite: (value: any) => void}} props */
function Value({ name, value, known, error, onWrite }) {
  const common = { name: `values.${name}`, label: `${fieldTitle(name)}, corrected`, error };
  const options = known.map((one) => ({ value: one, title: one }));
  if (name === "phones") return html`<${Phones} ...${common} value=${value ?? []} onWrite=${onWrite} />`;
  if (name === "races") {
    return known.length
      ? html`<${ChoicesField} ...${common} values=${value ?? []} options=${options} onChange=${onWrite} />`
      : html`<${TextField} ...${common} help="Several are parted by commas." value=${(value ?? []).join(", ")} onInput=${(/** @type {string} */ text) => onWrite(text.split(",").map((one) => one.trim()).filter(Boolean))} />`;
  }
  if (options.length) return html`<${SelectField} ...${common} value=${value ?? ""} blank="None" options=${options} onChange=${onWrite} />`;
  return html`<${TextField} ...${common} type=${name === "birth_date" ? "date" : "text"} maxLength=${100} value=${value ?? ""} onInput=${onWrite} />`;
}

/** @param {import("../../components/field.js").Common & {value: {number: string, type: string}[], onWrite: (value: any) => void}} props */
function Phones({ name, label, error, value, onWrite }) {
  const id = useIds()(name);
  const set = (/** @type {number} */ at, /** @type {Record<string, string>} */ changes) => onWrite(value.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  return html`<fieldset class=${`field protect-phones ${error ? "faulty" : ""}`} id=${id} tabindex="-1" aria-describedby=${error ? `${id}-error` : undefined}>
    <legend class="label">${label}</legend>
    ${value.map((one, at) => html`<div class="beside" key=${at}>
      <input type="tel" autocomplete="off" aria-label=${`Number, phone ${at + 1}`} value=${one.number} maxlength="20" onInput=${(/** @type {any} */ event) => set(at, { number: event.target.value.replace(/\D/g, "") })} />
      <select aria-label=${`Type, phone ${at + 1}`} value=${one.type} onChange=${(/** @type {any} */ event) => set(at, { type: event.target.value })}>
        ${PHONE_TYPES.map((type) => html`<option key=${type} value=${type}>${type}</option>`)}
      </select>
      <${Button} label=${`Remove phone ${at + 1}`} icon="trash" iconOnly kind="quiet" onClick=${() => onWrite(value.filter((_, index) => index !== at))} />
    </div>`)}
    <div><${Button} label="Add phone" icon="add" onClick=${() => onWrite([...value, { number: "", type: "mobile" }])} /></div>
    ${error && html`<p class="fault" id=${`${id}-error`}>${error}</p>`}
  </fieldset>`;
}
