import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, put } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirmLeaving } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { FormScope, SelectField, TextField } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useLoad, useUnsaved } from "../../hooks.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { at } from "../../session.js";
import { dateTime } from "../../time.js";
import { FieldChoice } from "./field-choice.js";
import { KEPT, WRITABLE, fieldTitle } from "./words.js";

/** @typedef {import("../../types.js").PersonDetail} PersonDetail */
/** @typedef {{person: PersonDetail, onClose: () => void, onSaved: (run: string | null) => void}} DialogProps */
/** @typedef {{whole: boolean, choices: Record<string, "keep" | "write">, values: Record<string, any>, reason: string, until: string}} Form */

/** Fields whose values come from a mapping, and that mapping's entity. @type {Record<string, string>} */
const CODED = { gender: "gender", ethnicity: "ethnicity", races: "race", language: "language" };

const EXTENTS = [
  { value: "fields", title: "Some fields" },
  { value: "whole", title: "The whole person" },
];

/** Protect somebody from syncs, or correct them by hand. @param {DialogProps} props */
export function ProtectDialog(props) {
  const title = `Protect or correct ${nameOf(props.person)}`;
  const { data, error, reload } = useLoad((signal) => vocabulary(props.person, signal), [props.person.id]);
  if (error) return html`<${Dialog} title=${title} onClose=${props.onClose}><${LoadError} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Dialog} title=${title} onClose=${props.onClose} busy><p class="muted">Loading…</p><//>`;
  return html`<${FormScope.Provider} value="protection"><${Inside} ...${props} title=${title} known=${data} /><//>`;
}

/** Our values of each field that the mappings of the person's integration translate. @param {PersonDetail} person @param {AbortSignal} signal */
async function vocabulary(person, signal) {
  const { mappings } = await get(at(`/integrations/${person.integration_id}`), { signal });
  /** @type {[string, string[]][]} */
  const known = await Promise.all(
    Object.entries(CODED).map(async ([field, entity]) => {
      if (!mappings[entity]) return [field, []];
      /** @type {import("../../types.js").Mapping} */
      const { entries } = await get(at(`/mappings/${mappings[entity]}`), { signal });
      return [field, [...new Set(entries.map(({ value }) => value))].sort()];
    }),
  );
  return Object.fromEntries(known);
}

/** @param {DialogProps & {title: string, known: Record<string, string[]>}} props */
function Inside({ person, title, known, onClose, onSaved }) {
  const [stored] = useState(() => begin(person));
  const [form, setForm] = useState(stored);
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const letGo = useUnsaved(form !== stored);
  const change = (/** @type {Partial<Form>} */ changes) => {
    setForm((before) => ({ ...before, ...changes }));
    setFaults([]);
  };
  const close = async () => {
    if (form !== stored && !(await confirmLeaving())) return;
    letGo();
    onClose();
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving) return;
    setFailure("");
    const missing = faultsOf(form);
    setFaults(missing);
    if (missing.length) return;
    setSaving(true);
    try {
      const { protection, run_id, next_sync_at } = await put(at(`/people/${person.id}/protection`), bodyOf(form), { version: person.protection?.version ?? 0 });
      letGo();
      toast(run_id || !Object.keys(protection.values).length ? `${nameOf(person)} is protected.` : `${nameOf(person)} is protected. ${next_sync_at ? `The sync of ${dateTime(next_sync_at)}` : "The next sync"} shows the correction.`);
      onSaved(run_id);
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else if (error instanceof Problem && error.code === "stale_version") setFailure("Somebody else has changed this protection. Close the form and open it again to see it.");
      else setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return html`<${Dialog}
    title=${title}
    busy=${saving}
    onClose=${close}
    footer=${html`
      <${Button} label="Cancel" onClick=${close} />
      <${Button} label="Save" kind="primary" type="submit" form="protection-form" busy=${saving} />
    `}
  >
    <form id="protection-form" noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${labelOf} />
      <${Notice}>What is protected stays as it is in every sync, until you release it or its last day is over. Nothing is written to the SIS: whatever is wrong there is best corrected there.<//>
      <div class="fields">
        <${SelectField} name="whole" label="Protect" value=${form.whole ? "whole" : "fields"} options=${EXTENTS} onChange=${(/** @type {string} */ extent) => change({ whole: extent === "whole" })}
          help=${form.whole ? "Nothing that the SIS says of this person counts, not even that they have left." : "Everything else goes on following the SIS."} />
        <${TextField} name="until" label="Last day" type="date" value=${form.until} error=${faultOf(faults, "until")} help="Leave it blank to protect until it is released." onInput=${(/** @type {string} */ until) => change({ until })} />
        <div class="wide">
          <${TextField} name="reason" label="Reason" required maxLength=${500} value=${form.reason} error=${faultOf(faults, "reason")} help="It is shown to everybody who may see this person." onInput=${(/** @type {string} */ reason) => change({ reason })} />
        </div>
      </div>
      <fieldset class="protect-fields" id="protection-fields" tabindex="-1">
        <legend>Fields</legend>
        ${(form.whole ? WRITABLE : [...WRITABLE, ...KEPT]).map((name) => html`<${FieldChoice}
          key=${name}
          name=${name}
          person=${person}
          whole=${form.whole}
          choice=${form.choices[name] ?? ""}
          value=${form.values[name]}
          known=${known[name] ?? []}
          error=${faultOf(faults, `values.${name}`)}
          onChoose=${(/** @type {"" | "keep" | "write"} */ choice) => change({ choices: chosen(form.choices, name, choice) })}
          onWrite=${(/** @type {any} */ value) => change({ values: { ...form.values, [name]: value } })}
        />`)}
      </fieldset>
    </form>
  <//>`;
}

/** @param {PersonDetail} person @returns {Form} */
function begin(person) {
  const before = person.protection;
  const current = Object.fromEntries(WRITABLE.map((name) => [name, /** @type {Record<string, any>} */ (person)[name]]));
  return {
    whole: before?.whole ?? false,
    choices: Object.fromEntries([...(before?.fields ?? []).map((name) => [name, "keep"]), ...Object.keys(before?.values ?? {}).map((name) => [name, "write"])]),
    values: { ...current, ...before?.values },
    reason: before?.reason ?? "",
    until: before?.in_force ? (before.until ?? "") : "",
  };
}

/** @param {Form["choices"]} choices @param {string} name @param {"" | "keep" | "write"} choice @returns {Form["choices"]} */
function chosen(choices, name, choice) {
  const { [name]: _, ...others } = choices;
  return choice ? { ...others, [name]: choice } : others;
}

/** @param {Form} form */
function bodyOf({ whole, choices, values, reason, until }) {
  const written = Object.keys(choices).filter((name) => choices[name] === "write");
  return {
    whole,
    fields: whole ? [] : Object.keys(choices).filter((name) => choices[name] === "keep"),
    values: Object.fromEntries(written.map((name) => [name, values[name] === "" ? null : values[name]])),
    reason: reason.trim(),
    until: until || null,
  };
}

/** What is missing before anything is asked. @param {Form} form */
const faultsOf = ({ whole, choices, reason }) => [
  ...(reason.trim() ? [] : [{ field: "reason", code: "required", message: "Say why." }]),
  ...(whole || Object.keys(choices).length ? [] : [{ field: "fields", code: "required", message: "Choose a field to keep or to correct, or protect the whole person." }]),
];

/** @param {string} field */
const labelOf = (field) => ({ reason: "Reason", until: "Last day", fields: "Fields" })[field] ?? fieldTitle(field.replace(/^values\./, ""));
