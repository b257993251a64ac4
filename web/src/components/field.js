// Form fields: a label, help, a mark where something must be entered, and the fault beside what is at fault.
import { html } from "../html.js";

/** The id of a field's control, which error summaries link to. @param {string} name path such as `mappings.building` */
export const idOf = (name) => `field-${name.replace(/[^\w-]/g, "-")}`;

/**
 * @typedef {object} Common
 * @property {string} name path in the form, as the API's errors name it
 * @property {string} label
 * @property {string} [help]
 * @property {boolean} [required]
 * @property {string} [error]
 * @property {boolean} [disabled]
 */

/** @param {Common} props */
export const describedBy = ({ name, help, error }) =>
  [error && `${idOf(name)}-error`, help && `${idOf(name)}-help`].filter(Boolean).join(" ") || undefined;

/** The frame of a field. `children` is its control. @param {Common & {children: import("../types.js").Children, labels?: boolean}} props */
export const Field = ({ name, label, help, required = false, error, children, labels = true }) => html`
  <div class=${`field ${error ? "faulty" : ""}`}>
    ${labels
      ? html`<label class=${labelClass(required)} for=${idOf(name)}>${label}</label>`
      : html`<span class=${labelClass(required)} id=${`${idOf(name)}-label`}>${label}</span>`}
    ${children}
    <${Told} name=${name} help=${help} error=${error} />
  </div>
`;

/** @param {boolean} required */
const labelClass = (required) => (required ? "label required" : "label");

/** @param {{name: string, help?: string, error?: string}} props */
const Told = ({ name, help, error }) => html`
  ${error && html`<p class="fault" id=${`${idOf(name)}-error`}>${error}</p>`}
  ${help && html`<p class="help" id=${`${idOf(name)}-help`}>${help}</p>`}
`;

/** @param {Common & {value: string, onInput: (text: string) => void, type?: string, maxLength?: number, placeholder?: string, autoComplete?: string}} props */
export const TextField = (props) => html`
  <${Field} ...${props}>
    <input
      id=${idOf(props.name)}
      type=${props.type ?? "text"}
      value=${props.value}
      maxlength=${props.maxLength}
      placeholder=${props.placeholder}
      autocomplete=${props.autoComplete ?? "off"}
      disabled=${props.disabled}
      required=${props.required}
      aria-invalid=${props.error ? "true" : undefined}
      aria-describedby=${describedBy(props)}
      onInput=${(/** @type {any} */ event) => props.onInput(event.target.value)}
    />
  <//>
`;

/** @param {Common & {value: string, options: {value: string, title: string}[], onChange: (value: string) => void, blank?: string, beside?: import("../types.js").Children}} props */
export const SelectField = (props) => html`
  <${Field} ...${props}>
    <div class="beside">
      <select
        id=${idOf(props.name)}
        value=${props.value}
        disabled=${props.disabled}
        required=${props.required}
        aria-invalid=${props.error ? "true" : undefined}
        aria-describedby=${describedBy(props)}
        onChange=${(/** @type {any} */ event) => props.onChange(event.target.value)}
      >
        ${props.blank !== undefined && html`<option value="">${props.blank}</option>`}
        ${props.options.map((option) => html`<option key=${option.value} value=${option.value}>${option.title}</option>`)}
      </select>
      ${props.beside}
    </div>
  <//>
`;

/** @param {Common & {checked: boolean, onChange: (checked: boolean) => void, warning?: string}} props */
export const CheckField = (props) => html`
  <div class=${`field check ${props.error ? "faulty" : ""}`}>
    <input
      id=${idOf(props.name)}
      type="checkbox"
      checked=${props.checked}
      disabled=${props.disabled}
      aria-invalid=${props.error ? "true" : undefined}
      aria-describedby=${describedBy(props)}
      onChange=${(/** @type {any} */ event) => props.onChange(event.target.checked)}
    />
    <div>
      <label class="label" for=${idOf(props.name)}>${props.label}</label>
      <${Told} name=${props.name} help=${props.help} error=${props.error} />
      ${props.warning && html`<p class="caution">${props.warning}</p>`}
    </div>
  </div>
`;

/** Any of several values. @param {Common & {values: string[], options: {value: string, title: string}[], onChange: (values: string[]) => void}} props */
export const ChoicesField = (props) => html`
  <fieldset
    class=${`field choices ${props.error ? "faulty" : ""}`}
    id=${idOf(props.name)}
    tabindex="-1"
    disabled=${props.disabled}
    aria-describedby=${describedBy(props)}
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
    <${Told} name=${props.name} help=${props.help} error=${props.error} />
  </fieldset>
`;
