import { html } from "../html.js";
import { dateTime } from "../time.js";
import { Button } from "./button.js";
import { Field, TextField, useIds } from "./field.js";

/**
 * A secret. One that is stored shows only that it is there; `value` is null while it stays, and text while it is replaced.
 * @param {import("./field.js").Common & {stored?: {set: boolean, updated_at?: string | null, ends_with?: string | null}, value: string | null,
 *   onInput: (text: string | null) => void, maxLength?: number}} props
 */
export function SecretField(props) {
  const { name, label, stored, value, onInput } = props;
  const id = useIds()(name);
  if (!stored?.set) {
    return html`<${TextField} ...${props} type="password" value=${value ?? ""} onInput=${onInput} autoComplete="new-password" />`;
  }
  if (value === null) {
    return html`<${Field} ...${props} labels=${false}>
      <div class="secret" role="group" aria-labelledby=${`${id}-label`}>
        <span class="masked">•••• ${stored.ends_with ?? ""}</span>
        ${stored.updated_at && html`<span class="muted">since ${dateTime(stored.updated_at)}</span>`}
        <${Button} label=${`Replace ${label}`} short="Replace" onClick=${() => onInput("")} />
      </div>
    <//>`;
  }
  return html`<div class="beside secret-new">
    <${TextField} ...${props} type="password" value=${value} onInput=${onInput} autoComplete="new-password" />
    <${Button} label="Keep the stored one" kind="quiet" onClick=${() => onInput(null)} />
  </div>`;
}
