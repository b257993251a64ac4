import { useEffect, useRef, useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, post, put as write } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm, confirmLeaving } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { SelectField } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { keepHere } from "../../router.js";
import { at, reasonAgainst } from "../../session.js";
import { ConnectionTest } from "./connection.js";
import { SchemaField } from "./fields.js";
import { forgetMappings } from "./mapping-field.js";
import { begin, bodyOf, carriedOver, fieldsOf, missing, put, take } from "./schema.js";

/**
 * @typedef {object} DialogProps
 * @property {string} id `new`, or which integration
 * @property {import("../../types.js").System[]} systems
 * @property {() => void} onClose
 * @property {() => void} onSaved
 */

/** Add or change an integration. @param {DialogProps} props */
export function IntegrationDialog(props) {
  const { data, error, reload } = useLoad(
    (signal) => (props.id === "new" ? Promise.resolve({}) : get(at(`/integrations/${props.id}`), { signal })),
    [props.id],
  );
  useEffect(forgetMappings, []);
  const title = props.id === "new" ? "Add SIS integration" : "Edit SIS integration";
  if (error) return html`<${Dialog} title=${title} onClose=${props.onClose}><${LoadError} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Dialog} title=${title} onClose=${props.onClose} busy><p class="muted">Loading…</p><//>`;
  return html`<${Form} ...${props} title=${title} stored=${data} />`;
}

/** @param {DialogProps & {title: string, stored: Record<string, any>}} props */
function Form({ id, systems, title, stored, onClose, onSaved }) {
  const isNew = id === "new";
  const [system, setSystem] = useState(/** @type {string} */ (stored["system"] ?? ""));
  const chosen = systems.find((one) => one.system === system);
  const form = chosen && (isNew ? chosen.form : chosen.existing);
  const [values, setValues] = useState(() => (form ? begin(form, stored) : { name: "", url: "" }));
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const [changed, setChanged] = useState(false);
  const [suggestions, setSuggestions] = useState(/** @type {import("../../types.js").Suggestion[]} */ ([]));
  const release = useGuard(changed);
  const denied = reasonAgainst("admin");

  const change = (/** @type {string} */ path, /** @type {any} */ value) => {
    setChanged(true);
    setFaults((before) => before.filter((fault) => fault.field !== path && !fault.field.startsWith(`${path}.`)));
    setValues((before) => {
      const next = { ...before };
      put(next, path, value);
      return next;
    });
  };
  const chooseSystem = (/** @type {string} */ next) => {
    const other = systems.find((one) => one.system === next);
    setChanged(true);
    setSystem(next);
    setFaults([]);
    if (other) setValues((before) => carriedOver(other.form, before));
  };
  const storedSecret = (/** @type {string} */ path) => Boolean(take(stored, path)?.set);
  const fail = (/** @type {unknown} */ error) => {
    if (error instanceof Problem && error.errors.length) return setFaults(error.errors);
    return setFailure(error instanceof Error ? error.message : String(error));
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (saving || denied) return;
    setFailure("");
    if (!form) return setFaults([{ field: "system", code: "required", message: "Choose a Student Information System." }]);
    const blank = missing(form, values, storedSecret);
    setFaults(blank);
    if (blank.length) return undefined;
    if (turnsOff(stored, values) && !(await confirmInactive(values["name"]))) return undefined;
    setSaving(true);
    try {
      const body = bodyOf(form, values);
      await (isNew ? post(at("/integrations"), body) : write(at(`/integrations/${id}`), body, { version: stored["version"] }));
      release();
      toast(`${values["name"]} is saved.`);
      onSaved();
      onClose();
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.code === "stale_version") return setFailure("Somebody else has changed this integration. Close the form and open it again to see their changes.");
      fail(error);
    }
    return undefined;
  };

  // The name can be entered before anything else; the rest of the form depends on the system.
  const fields = form ? fieldsOf(form, values) : fieldsOf(systems[0]?.form ?? {}, values).filter(({ path }) => path === "name");
  const labelOf = (/** @type {string} */ path) => fields.find((field) => path === field.path || path.startsWith(`${field.path}.`))?.schema.title ?? (path === "system" ? "Student Information System" : path);
  return html`<${Dialog}
    title=${title}
    size="large"
    busy=${saving}
    onClose=${onClose}
    footer=${html`
      <${Button} label="Cancel" onClick=${onClose} />
      <${Button} label="Save" kind="primary" type="submit" form="integration" busy=${saving} denied=${denied} />
    `}
  >
    <form id="integration" noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${labelOf} />
      ${denied && html`<${Notice}>You can read this integration but not change it. ${denied}<//>`}
      <div class="fields">
        ${sectioned(fields).map(
          ({ section, fields: group }, at_) => html`<${Section} key=${section} title=${section}>
            ${group.map((field) => html`
              <${SchemaField}
                key=${field.path}
                field=${field}
                value=${take(values, field.path)}
                onChange=${(/** @type {any} */ value) => change(field.path, value)}
                error=${faultOf(faults, field.path)}
                disabled=${Boolean(denied)}
                credentials=${stored["credentials"] ?? {}}
                suggestions=${suggestions}
              />
              ${field.path === "name" && html`<${SystemField} systems=${systems} value=${system} fixed=${!isNew} onChange=${chooseSystem} error=${faultOf(faults, "system")} />`}
            `)}
            ${at_ === 0 && form && html`<${ConnectionTest} id=${id} body=${() => bodyOf(form, values)} changed=${changed} onFound=${(/** @type {import("../../types.js").Findings} */ found) => setSuggestions(found.suggestions)} onFault=${fail} />`}
          <//>`,
        )}
        ${!form && html`<p class="muted wide">The rest of the form depends on the system.</p>`}
      </div>
    </form>
  <//>`;
}

/** @param {{title: string, children: import("../../types.js").Children}} props */
const Section = ({ title, children }) => html`<h3 class="section">${title}</h3>${children}`;

/** @param {{systems: import("../../types.js").System[], value: string, fixed: boolean, onChange: (system: string) => void, error?: string}} props */
const SystemField = ({ systems, value, fixed, onChange, error }) => html`
  <${SelectField}
    name="system"
    label="Student Information System"
    help=${fixed ? "It cannot be changed any more: the people it brought belong to it." : "The system that people are read from. It cannot be changed later."}
    required
    disabled=${fixed}
    value=${value}
    blank=${value ? undefined : "Choose…"}
    options=${systems.map((one) => ({ value: one.system, title: one.title }))}
    onChange=${onChange}
    error=${error}
  />
`;

/** @param {import("./schema.js").FormField[]} fields */
function sectioned(fields) {
  /** @type {{section: string, fields: import("./schema.js").FormField[]}[]} */
  const sections = [];
  for (const field of fields) {
    const open = sections.find((one) => one.section === field.section);
    if (open) open.fields.push(field);
    else sections.push({ section: field.section, fields: [field] });
  }
  return sections;
}

/** Keeps the user from losing what they have changed. @param {boolean} changed */
function useGuard(changed) {
  const release = useRef(() => {});
  useEffect(() => {
    if (!changed) return undefined;
    release.current = keepHere(confirmLeaving);
    return release.current;
  }, [changed]);
  return () => release.current();
}

/** @param {Record<string, any>} stored @param {Record<string, any>} values */
const turnsOff = (stored, values) => stored["active"] === true && values["active"] === false;

/** @param {string} name */
const confirmInactive = (name) =>
  confirm({
    title: `Make ${name} inactive?`,
    body: "It is not run any more, neither by hand nor by its schedules, and the list shows it only with “Include inactive”. Nobody it brought is ended or deleted. You can make it active again.",
    action: "Make inactive",
    danger: true,
  });
