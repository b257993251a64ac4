// Form fields: a label, help, a mark where something must be entered, and the fault beside what is at fault.
import { createContext } from "../../vendor/preact.js";
import { useContext } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";

/** Which form a field is of: where one form is open over another, ids must differ. A form that opens over others provides its own. */
export const FormScope = createContext("field");

/** Gives the id of a field's control, which error summaries link to, by its name: a path such as `mappings.building`. */
export function useIds() {
  const scope = useContext(FormScope);
  return (/** @type {string} */ name) => `${scope}-${name.replace(/[^\w-]/g, "-")}`;
}

/**
 * @typedef {object} Common
 * @property {string} name path in the form, as the API's errors name it
 * @property {string} label
 * @property {string} [help]
 * @property {boolean} [required]
 * @property {string} [error]
 * @property {boolean} [disabled]
 */

/** What stands below a control. @param {string} id @param {Common} props */
export const describedBy = (id, { help, error }) => [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(" ") || undefined;

/** The frame of a field. `children` is its control. @param {Common & {children: import("../types.js").Children, labels?: boolean}} props */
export function Field({ name, label, help, required = false, error, children, labels = true }) {
  const id = useIds()(name);
  return html`
  <div class=${`field ${error ? "faulty" : ""}`}>
    ${labels
      ? html`<label class=${labelClass(required)} for=${id}>${label}</label>`
      : html`<span class=${labelClass(required)} id=${`${id}-label`}>${label}</span>`}
    ${children}
    <${Told} id=${id} help=${help} error=${error} />
  </div>
`;
}

/** @param {boolean} required */
const labelClass = (required) => (required ? "label required" : "label");

/** @param {{id: string, help?: string, error?: string}} props */
const Told = ({ id, help, error }) => html`
  ${error && html`<p class="fault" id=${`${id}-error`}>${error}</p>`}
  ${help && html`<p class="help" id=${`${id}-help`}>${help}</p>`}
`;

/** @param {Common & {value: string, onInput: (text: string) => void, type?: string, maxLength?: number, placeholder?: string, autoComplete?: string}} props */
export function TextField(props) {
  const id = useIds()(props.name);
  return html`
  <${Field} ...${props}>
    <input
      id=${id}
      type=${props.type ?? "text"}
      value=${props.value}
      maxlength=${props.maxLength}
      placeholder=${props.placeholder}
      autocomplete=${props.autoComplete ?? "off"}
      disabled=${props.disabled}
      required=${props.required}
      aria-invalid=${props.error ? "true" : undefined}
      aria-describedby=${describedBy(id, props)}
      onInput=${(/** @type {any} */ event) => props.onInput(event.target.value)}
    />
  <//>
`;
}

/** @param {Common & {value: string, options: {value: string, title: string}[], onChange: (value: string) => void, blank?: string, beside?: import("../types.js").Children}} props */
export function SelectField(props) {
  const id = useIds()(props.name);
  return html`
  <${Field} ...${props}>
    <div class="beside">
      <select
        id=${id}
        value=${props.value}
        disabled=${props.disabled}
        required=${props.required}
        aria-invalid=${props.error ? "true" : undefined}
        aria-describedby=${describedBy(id, props)}
        onChange=${(/** @type {any} */ event) => props.onChange(event.target.value)}
      >
        ${props.blank !== undefined && html`<option value="">${props.blank}</option>`}
        ${props.options.map((option) => html`<option key=${option.value} value=${option.value}>${option.title}</option>`)}
      </select>
      ${props.beside}
    </div>
  <//>
`;
}

/** @param {Common & {checked: boolean, onChange: (checked: boolean) => void, warning?: string}} props */
export function CheckField(props) {
  const id = useIds()(props.name);
  return html`
  <div class=${`field check ${props.error ? "faulty" : ""}`}>
    <input
      id=${id}
      type="checkbox"
      checked=${props.checked}
      disabled=${props.disabled}
      aria-invalid=${props.error ? "true" : undefined}
      aria-describedby=${describedBy(id, props)}
      onChange=${(/** @type {any} */ event) => props.onChange(event.target.checked)}
    />
    <div>
      <label class="label" for=${id}>${props.label}</label>
      <${Told} id=${id} help=${props.help} error=${props.error} />
      ${props.warning && html`<p class="caution">${props.warning}</p>`}
    </div>
  </div>
`;
}

/** Any of several values. @param {Common & {values: string[], options: {value: string, title: string}[], onChange: (values: string[]) => void}} props */
export function ChoicesField(props) {
  const id = useIds()(props.name);
  return html`
  <fieldset
    class=${`field choices ${props.error ? "faulty" : ""}`}
    id=${id}
    tabindex="-1"
    disabled=${props.disabled}
    aria-describedby=${describedBy(id, props)}
  >
    <legend class=${labelClass(Boolean(props.required))}>${props.label}</legend>
    <div class="choice-list">
      ${props.options.map(
        ({ value, title }) => html`<label key=${value} class="toggle">
          <input
            type="checkbox"
            checked=${props.values.includes(value)}
            onChange=${(/** @type {any} */ event) =>
              props.onChange(props.options.map((o) => o.value).filter((o) => (o === value ? event.target.checked : props.values.includes(o))))}
          /><span>${title}</span>
        </label>`,
      )}
    </div>
    <${Told} id=${id} help=${props.help} error=${props.error} />
  </fieldset>
`;
}
