// The plugin's client id and secret, entered by hand: the usual way.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { TextField } from "../../components/field.js";
import { Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { html } from "../../html.js";
import { at } from "../../session.js";

const FIELDS = /** @type {const} */ ([
  ["consumer_token", "Client ID"],
  ["consumer_secret", "Client Secret"],
]);

/** @param {{school: import("../../types.js").Onboarding, onClose: () => void, onSaved: (school: import("../../types.js").Onboarding) => void}} props */
export function CredentialsDialog({ school, onClose, onSaved }) {
  const [form, setForm] = useState({ consumer_token: "", consumer_secret: "" });
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving) return;
    setFailure("");
    const blank = FIELDS.filter(([name]) => !form[name].trim()).map(([name, label]) => ({ field: name, code: "required", message: `Enter the ${label.toLowerCase()}.` }));
    setFaults(blank);
    if (blank.length) return;
    setSaving(true);
    try {
      const made = await post(at(`/onboardings/${school.id}/credentials`), form);
      toast("The credentials are stored.");
      onSaved(made);
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return html`<${Dialog}
    title="Enter credentials by hand"
    size="small"
    busy=${saving}
    onClose=${onClose}
    footer=${html`<${Button} label="Cancel" onClick=${onClose} /><${Button} label="Save" kind="primary" type="submit" form="credentials" busy=${saving} />`}
  >
    <form id="credentials" class="stacked" noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${(/** @type {string} */ field) => FIELDS.find(([name]) => name === field)?.[1] ?? field} />
      <p>PowerSchool shows both where the plugin is enabled: System, System Settings, Plugin Management Configuration, Data Provider Configuration.</p>
      ${FIELDS.map(([name, label]) => html`<${TextField} key=${name} name=${name} label=${label} required type=${name === "consumer_secret" ? "password" : "text"} autoComplete=${name === "consumer_secret" ? "new-password" : "off"} maxLength=${500} value=${form[name]} error=${faultOf(faults, name)} onInput=${(/** @type {string} */ value) => setForm({ ...form, [name]: value })} />`)}
      <${Notice}>The plugin can then no longer register by itself.<//>
    </form>
  <//>`;
}
