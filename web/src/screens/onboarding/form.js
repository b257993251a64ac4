// What a school brings: to begin with it, and to change it later.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, patch, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { ChoicesField, SelectField, TextField } from "../../components/field.js";
import { toast } from "../../components/toast.js";
import { useUnsaved } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBERS } from "../../people.js";
import { at } from "../../session.js";

const SYSTEMS = [
  { value: "powerschool_query", title: "PowerSchool Query" },
  { value: "powerschool", title: "PowerSchool" },
];
/** @type {Record<string, string>} */
const LABELS = { name: "Name", portal_url: "School portal link", organization_id: "Organization ID", system: "Student Information System", member_types: "Member types" };

/** @param {{school?: import("../../types.js").Onboarding, onClose: () => void, onSaved: (school: import("../../types.js").Onboarding) => void}} props */
export function SchoolDialog({ school, onClose, onSaved }) {
  const [form, setForm] = useState({
    name: school?.name ?? "",
    portal_url: school?.portal_url ?? "",
    organization_id: school?.organization_id ?? "",
    system: school?.system ?? "powerschool_query",
    member_types: /** @type {string[]} */ (school?.member_types ?? ["student", "staff", "contact"]),
  });
  const [changed, setChanged] = useState(false);
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const release = useUnsaved(changed && !school);
  const change = (/** @type {Partial<typeof form>} */ part) => {
    setChanged(true);
    setForm({ ...form, ...part });
    setFaults(faults.filter((fault) => !((fault.field.split(".")[0] ?? "") in part)));
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving) return;
    setFailure("");
    const blank = blanks(form);
    setFaults(blank);
    if (blank.length) return;
    setSaving(true);
    try {
      const { system, ...editable } = form;
      const saved = await (school ? patch(at(`/onboardings/${school.id}`), editable, { version: school.version }) : post(at("/onboardings"), { ...editable, system }));
      release();
      toast(`${form.name} is saved.`);
      onSaved(saved);
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else if (error instanceof Problem && error.code === "stale_version") setFailure("Somebody else has changed this school. Close the form and open it again.");
      else setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const text = (/** @type {"name" | "portal_url" | "organization_id"} */ name, /** @type {string} */ help, /** @type {number} */ maxLength) => html`
    <${TextField} name=${name} label=${LABELS[name]} required help=${help} maxLength=${maxLength} value=${form[name]} error=${faultOf(faults, name)} onInput=${(/** @type {string} */ value) => change({ [name]: value })} />
  `;
  return html`<${Dialog}
    title=${school ? "Edit school" : "Begin with a school"}
    busy=${saving}
    onClose=${onClose}
    footer=${html`<${Button} label="Cancel" onClick=${onClose} /><${Button} label=${school ? "Save" : "Begin"} kind="primary" type="submit" form="school" busy=${saving} />`}
  >
    <form id="school" noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${(/** @type {string} */ field) => LABELS[field.split(".")[0] ?? ""] ?? field} />
      <div class="fields">
        ${text("name", "As its plugin will show it.", 100)}
        ${text("organization_id", "As used in PowerSchool.", 40)}
        <div class="wide">${text("portal_url", "As used in PowerSchool, such as https://ps.example.org/public.", 2000)}</div>
        <${SelectField} name="system" label=${LABELS["system"]} help=${school ? "It cannot be changed any more." : "PowerSchool Query reads with the queries that the plugin brings."} required disabled=${Boolean(school)} value=${form.system} options=${SYSTEMS} error=${faultOf(faults, "system")} onChange=${(/** @type {any} */ system) => change({ system })} />
        <${ChoicesField} name="member_types" label=${LABELS["member_types"]} help="Who is read. The plugin asks for access to nobody else." required values=${form.member_types} options=${MEMBERS} error=${faultOf(faults, "member_types")} onChange=${(/** @type {string[]} */ member_types) => change({ member_types })} />
      </div>
    </form>
  <//>`;
}

/** @param {{name: string, portal_url: string, organization_id: string, member_types: string[]}} form */
const blanks = (form) => [
  ...(["name", "organization_id", "portal_url"]).filter((name) => !form[/** @type {"name"} */ (name)].trim()).map((name) => ({ field: name, code: "required", message: `Enter the ${LABELS[name]?.toLowerCase()}.` })),
  ...(form.member_types.length ? [] : [{ field: "member_types", code: "required", message: "Choose who is read." }]),
];
