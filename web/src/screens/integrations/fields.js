// One field of the form, drawn by what its schema says it is.
import { CheckField, ChoicesField, SelectField, TextField } from "../../components/field.js";
import { SecretField } from "../../components/secret.js";
import { html } from "../../html.js";
import { MappingField } from "./mapping-field.js";
import { codesOf } from "./schema.js";

/** @param {{const: string, title: string}[] | undefined} choices */
const options = (choices) => (choices ?? []).map((choice) => ({ value: choice.const, title: choice.title }));

/**
 * @param {{field: import("./schema.js").FormField, value: any, onChange: (value: any) => void, error?: string, disabled?: boolean,
 *   credentials: Record<string, any>, suggestions: import("../../types.js").Suggestion[]}} props
 */
export function SchemaField({ field, value, onChange, error, disabled, credentials, suggestions }) {
  const { path, schema, required, kind } = field;
  const common = { name: path, label: schema.title ?? path, help: schema.description, required, error, disabled };
  switch (kind) {
    case "mapping":
      return html`<${MappingField} ...${common} entity=${schema["x-entity"]} value=${value ?? ""} onChange=${onChange} suggestions=${suggestions} />`;
    case "secret":
      return html`<${SecretField} ...${common} maxLength=${schema.maxLength} stored=${credentials[path.replace("credentials.", "")]} value=${value} onInput=${onChange} />`;
    case "check":
      return html`<div class="wide"><${CheckField} ...${common} checked=${Boolean(value)} warning=${value ? schema["x-warning"] : undefined} onChange=${onChange} /></div>`;
    case "choices":
      return html`<div class="wide"><${ChoicesField} ...${common} values=${value ?? []} options=${options(schema.items?.oneOf)} onChange=${onChange} /></div>`;
    case "codes":
      return html`<${TextField} ...${common} help=${`${schema.description} Separate codes with commas.`} value=${(value ?? []).join(", ")} onInput=${(/** @type {string} */ text) => onChange(codesOf(text))} />`;
    case "select":
      return html`<${SelectField} ...${common} value=${value} options=${options(schema.oneOf)} onChange=${onChange} />`;
    default:
      return html`<${TextField} ...${common} value=${value} maxLength=${schema.maxLength} onInput=${onChange} />`;
  }
}
