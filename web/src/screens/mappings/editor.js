import { useEffect, useMemo, useRef, useState } from "../../../vendor/preact-hooks.js";
import { Problem, get, post, put } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm, confirmLeaving } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { CheckField, FormScope, SelectField, TextField } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { keepHere } from "../../router.js";
import { at, reasonAgainst } from "../../session.js";
import { ENTITIES, titleOf } from "./entities.js";
import { Files } from "./files.js";
import { Rows } from "./rows.js";
import { faultsOf, filled } from "./text.js";

/**
 * @typedef {object} Begin what a new mapping begins with
 * @property {string} entity
 * @property {string} name
 * @property {boolean} [ignore_case]
 * @property {boolean} [ignore_leading_zeros]
 * @property {import("../../types.js").Entry[]} entries
 *
 * @typedef {object} DialogProps
 * @property {string} id `new`, or which mapping
 * @property {Begin} [begin]
 * @property {boolean} [fixedEntity] a picker wants a mapping of this entity
 * @property {import("../../types.js").Integration[]} [usedBy]
 * @property {() => void} onClose
 * @property {(saved: import("../../types.js").Mapping) => void} onSaved
 */

const BLANK = { entity: "", name: "", ignore_case: false, ignore_leading_zeros: false, active: true, entries: [] };

/** Add or change a mapping; also opened over other forms. @param {DialogProps} props */
export function MappingDialog(props) {
  const { data, error, reload } = useLoad(
    (signal) => (props.id === "new" ? Promise.resolve({ ...BLANK, ...props.begin }) : get(at(`/mappings/${props.id}`), { signal })),
    [props.id],
  );
  const title = props.id === "new" ? "Add mapping" : "Edit mapping";
  if (error) return html`<${Dialog} title=${title} onClose=${props.onClose}><${LoadError} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Dialog} title=${title} onClose=${props.onClose} busy><p class="muted">Loading…</p><//>`;
  return html`<${FormScope.Provider} value="mapping"><${Form} ...${props} title=${title} stored=${data} /><//>`;
}

/** @param {DialogProps & {title: string, stored: any}} props */
function Form({ id, title, stored, fixedEntity = false, usedBy = [], onClose, onSaved }) {
  const isNew = id === "new";
  const [form, setForm] = useState(stored);
  const [faults, setFaults] = useState(/** @type {import("../../types.js").FieldFault[]} */ ([]));
  const [failure, setFailure] = useState("");
  const [saving, setSaving] = useState(false);
  const changed = form !== stored;
  const denied = reasonAgainst("admin");
  const rowFaults = useMemo(() => faultsOf(form.entries, form), [form]);
  const { release, leave } = useGuard(changed, fixedEntity);

  const change = (/** @type {Record<string, any>} */ changes) => {
    setForm((/** @type {any} */ before) => ({ ...before, ...changes }));
    setFaults((before) => before.filter((fault) => !((fault.field.split(".")[0] ?? "") in changes)));
  };
  const close = async () => {
    if (await leave()) onClose();
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    if (saving || denied) return;
    setFailure("");
    const blank = [
      ...(form.entity ? [] : [{ field: "entity", code: "required", message: "Choose what is mapped." }]),
      ...(form.name.trim() ? [] : [{ field: "name", code: "required", message: "Enter a name." }]),
      ...[...rowFaults].map(([row, { field, message }]) => ({ field: `entries.${row}.${field}`, code: "row", message })),
    ];
    setFaults(blank);
    if (blank.length || (stored.active && !form.active && !(await confirmInactive(form.name, usedBy)))) return;
    setSaving(true);
    const body = { entity: form.entity, name: form.name, ignore_case: form.ignore_case, ignore_leading_zeros: form.ignore_leading_zeros, entries: filled(form.entries) };
    try {
      const saved = await (isNew ? post(at("/mappings"), body) : put(at(`/mappings/${id}`), { ...body, active: form.active }, { version: stored.version }));
      release();
      toast(`${form.name} is saved.`);
      onSaved(saved);
    } catch (error) {
      setSaving(false);
      if (error instanceof Problem && error.errors.length) setFaults(error.errors);
      else if (error instanceof Problem && error.code === "stale_version") setFailure("Somebody else has changed this mapping. Close the form and open it again to see their changes.");
      else setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const formId = `mapping-${id}`;
  return html`<${Dialog}
    title=${title}
    size="large"
    busy=${saving}
    onClose=${close}
    footer=${html`
      <${Button} label="Cancel" onClick=${close} />
      <${Button} label="Save" kind="primary" type="submit" form=${formId} busy=${saving} denied=${denied} />
    `}
  >
    <form id=${formId} noValidate onSubmit=${save}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${labelOf} />
      ${denied && html`<${Notice}>You can read this mapping but not change it. ${denied}<//>`}
      ${usedBy.length > 0 && html`<${Notice}>Used by ${usedBy.map((one) => one.name).join(", ")}. What you change counts from their next run on.<//>`}
      <div class="fields">
        <${TextField} name="name" label="Name" required value=${form.name} maxLength=${100} error=${faultOf(faults, "name")} disabled=${Boolean(denied)} onInput=${(/** @type {string} */ name) => change({ name })} />
        <${SelectField}
          name="entity"
          label="Entity"
          required
          help=${isNew ? ENTITIES.find((one) => one.value === form.entity)?.help : "It cannot be changed any more."}
          value=${form.entity}
          blank=${form.entity ? undefined : "Choose…"}
          options=${ENTITIES}
          disabled=${!isNew || fixedEntity}
          error=${faultOf(faults, "entity")}
          onChange=${(/** @type {string} */ entity) => change({ entity })}
        />
        <${CheckField} name="ignore_case" label="Ignore case" help="“el” and “EL” are one value." checked=${form.ignore_case} disabled=${Boolean(denied)} onChange=${(/** @type {boolean} */ ignore_case) => change({ ignore_case })} />
        <${CheckField} name="ignore_leading_zeros" label="Ignore leading zeros" help="“7” and “07” are one value." checked=${form.ignore_leading_zeros} disabled=${Boolean(denied)} onChange=${(/** @type {boolean} */ ignore_leading_zeros) => change({ ignore_leading_zeros })} />
        ${!isNew && html`<${CheckField} name="active" label="Active" help="An inactive mapping cannot be chosen any more." checked=${form.active} disabled=${Boolean(denied)} onChange=${(/** @type {boolean} */ active) => change({ active })} />`}
        <h3 class="section">Rows</h3>
        <div class="wide">
          <${Files} entity=${form.entity} name=${form.name} entries=${form.entries} disabled=${Boolean(denied)} onChange=${(/** @type {any[]} */ entries) => change({ entries })} />
          <${Rows} entries=${form.entries} faults=${rowFaults} disabled=${Boolean(denied)} onChange=${(/** @type {any[]} */ entries) => change({ entries })} />
        </div>
      </div>
    </form>
  <//>`;
}

/** @param {string} field */
function labelOf(field) {
  const [first, row, column] = field.split(".");
  if (first === "entries" && row) return `Row ${Number(row) + 1}, ${column === "value" ? "our value" : "external value"}`;
  return { name: "Name", entity: "Entity" }[field] ?? titleOf(field);
}

/**
 * Unsaved rows are guarded: by the address where the editor has one of its own, by asking where it stands over another form.
 * @param {boolean} changed @param {boolean} nested
 */
function useGuard(changed, nested) {
  const lift = useRef(() => {});
  useEffect(() => {
    if (!changed || nested) return undefined;
    lift.current = keepHere(confirmLeaving);
    return lift.current;
  }, [changed, nested]);
  return {
    release: () => lift.current(),
    leave: async () => !(changed && nested) || confirmLeaving(),
  };
}

/** @param {string} name @param {import("../../types.js").Integration[]} usedBy */
const confirmInactive = (name, usedBy) =>
  confirm({
    title: `Make ${name} inactive?`,
    body: usedBy.length
      ? `It is used by ${usedBy.map((one) => one.name).join(", ")}, which keep it until another is chosen. It cannot be chosen anew.`
      : "It cannot be chosen any more. You can make it active again.",
    action: "Make inactive",
    danger: true,
  });
