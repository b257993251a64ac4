// The school's integration: its system's form, without what is known of the school already.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirmLeaving } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { LoadError } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at } from "../../session.js";
import { SchemaField } from "../integrations/fields.js";
import { begin, bodyOf, fieldsOf, missing, put, take } from "../integrations/schema.js";
import { systems } from "../integrations/systems.js";

/** @typedef {{school: import("../../types.js").Onboarding, onClose: () => void, onMade: (school: import("../../types.js").Onboarding) => void}} Props */

const TITLE = "Make the integration";

/** @param {Props} props */
export function IntegrationDialog(props) {
  const { data, error, reload } = useLoad(systems, []);
  const system = data?.find((one) => one.system === props.school.system);
  if (error) return html`<${Dialog} title=${TITLE} onClose=${props.onClose}><${LoadError} error=${error} onRetry=${reload} /><//>`;
  if (!system) return html`<${Dialog} title=${TITLE} onClose=${props.onClose} busy><p class="muted">Loading…</p><//>`;
  return html`<${Form} ...${props} form=${system.form} />`;
}

/** Address and credentials are the school's. @param {string} path */
const known = (path) => path === "url" || path.startsWith("credentials.");

/** @param {Props & {form: import("../../types.js").Schema}} props */
function Form({ school, form, onClose, onMade }) {
  const [values, setValues] = useState(() => begin(form, { name: school.name, member_types: school.member_types, destinations: ["nutrition", "media"] }));
  const [changed, setChanged] = useState(false);
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const fields = fieldsOf(form, values).filter(({ path }) => !known(path));
  const change = (/** @type {string} */ path, /** @type {any} */ value) => {
    const next = { ...values };
    put(next, path, value);
    setValues(next);
    setChanged(true);
    setFaults(faults.filter((fault) => fault.field !== path && !fault.field.startsWith(`${path}.`)));
  };
  const close = async () => {
    if (!changed || (await confirmLeaving())) onClose();
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving) return;
    setFailure("");
    const blank = missing(form, values, () => true).filter(({ field }) => !known(field));
    setFaults(blank);
    if (blank.length) return;
    setSaving(true);
    try {
      const { system: _system, url: _url, credentials: _credentials, ...body } = bodyOf(form, values);
      const made = await post(at(`/onboardings/${school.id}/integration`), body);
      toast(`The integration of ${school.name} is made.`);
      onMade(made);
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const labelOf = (/** @type {string} */ path) => fields.find((field) => path === field.path || path.startsWith(`${field.path}.`))?.schema.title ?? path;
  return html`<${Dialog}
    title=${TITLE}
    size="large"
    busy=${saving}
    onClose=${close}
    footer=${html`<${Button} label="Cancel" onClick=${close} /><${Button} label="Make the integration" kind="primary" type="submit" form="school-integration" busy=${saving} />`}
  >
    <form id="school-integration" noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${labelOf} />
      <div class="fields">
        ${fields.map(
          (field, index) => html`
            ${field.section !== fields[index - 1]?.section && html`<h3 class="section" key=${field.section}>${field.section}</h3>`}
            <${SchemaField} key=${field.path} field=${field} value=${take(values, field.path)} onChange=${(/** @type {any} */ value) => change(field.path, value)} error=${faultOf(faults, field.path)} credentials=${{}} suggestions=${[]} />
          `,
        )}
      </div>
    </form>
  <//>`;
}
