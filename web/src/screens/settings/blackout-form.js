import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { SelectField, TextField } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast, toastError } from "../../components/toast.js";
import { useForm } from "../../form.js";
import { html } from "../../html.js";
import { reasonAgainst } from "../../session.js";
import { open, saveDistrict } from "./panel.js";
import { KINDS, blackoutOf, entered, rangeInWords } from "./ranges.js";

/** @typedef {ReturnType<typeof entered>} Form */

/**
 * Add or change a blackout. `at` is its place in the district's list, -1 for a new one, which begins on `day`.
 * @param {{at: number, day: string, onClose: () => void}} props
 */
export function BlackoutDialog({ at, day, onClose }) {
  const stored = open().blackouts[at];
  if (at >= 0 && !stored) {
    const gone = new Error("There is no such blackout any more.");
    return html`<${Dialog} title="Edit blackout" onClose=${onClose}><${LoadError} error=${gone} onRetry=${onClose} /><//>`;
  }
  return html`<${BlackoutForm} at=${at} stored=${entered(stored ?? { from: day, to: day, kind: "no_runs", note: "" })} onClose=${onClose} />`;
}

/** @param {{at: number, stored: Form, onClose: () => void}} props */
function BlackoutForm({ at, stored, onClose }) {
  const isNew = at < 0;
  const denied = reasonAgainst("admin");
  const place = isNew ? open().blackouts.length : at;
  const { form, change, faults, failure, saving, submit } = useForm({
    stored,
    what: "the district’s blackouts",
    denied,
    check: missing,
    send: (entered_) => saveDistrict({ blackouts: open().blackouts.toSpliced(place, 1, blackoutOf(entered_)) }),
    onSaved: () => {
      toast("The blackout is saved. Jobs were planned anew.");
      onClose();
    },
  });
  // The API names a blackout by its place in the list; here there is only one.
  const own = faults.map((fault) => ({ ...fault, field: fault.field.replace(/^blackouts\.\d+\.?/, "") || "to" }));
  const field = (/** @type {string} */ name) => ({ name, error: faultOf(own, name), disabled: Boolean(denied) });
  const erase = async () => {
    if (await remove(at)) onClose();
  };
  return html`<${Dialog}
    title=${isNew ? "Add blackout" : "Edit blackout"}
    busy=${saving}
    onClose=${onClose}
    footer=${html`
      ${!isNew && html`<span class="aside"><${Button} label="Delete" kind="danger" denied=${denied} onClick=${erase} /></span>`}
      <${Button} label="Cancel" onClick=${onClose} />
      <${Button} label="Save" kind="primary" type="submit" form="blackout" busy=${saving} denied=${denied} />
    `}
  >
    <form id="blackout" noValidate onSubmit=${submit}>
      <${ErrorSummary} faults=${own} message=${failure || undefined} labelOf=${labelOf} />
      ${denied && html`<${Notice}>You can read this blackout but not change it. ${denied}<//>`}
      <div class="fields">
        <${SelectField} ...${field("kind")} label="What" value=${form.kind} options=${Object.entries(KINDS).map(([value, { title }]) => ({ value, title }))} help=${KINDS[form.kind].help} onChange=${(/** @type {Form["kind"]} */ kind) => change({ kind })} />
        <${TextField} ...${field("note")} label="Note" help="Shown beside it, such as “Winter break”." maxLength=${200} value=${form.note} onInput=${(/** @type {string} */ note) => change({ note })} />
        <${TextField} ...${field("from")} label="First day" type="date" required value=${form.from} onInput=${(/** @type {string} */ from) => change({ from, ...(form.to < from ? { to: from } : {}) })} />
        <${TextField} ...${field("from_time")} label="From (time)" type="time" help="Left blank: from the beginning of that day." value=${form.from_time} onInput=${(/** @type {string} */ from_time) => change({ from_time })} />
        <${TextField} ...${field("to")} label="Last day" type="date" required value=${form.to} onInput=${(/** @type {string} */ to) => change({ to })} />
        <${TextField} ...${field("to_time")} label="Until (time)" type="time" help="Left blank: to the end of that day." value=${form.to_time} onInput=${(/** @type {string} */ to_time) => change({ to_time })} />
      </div>
    </form>
  <//>`;
}

/** @param {Form} form */
const missing = (form) => [
  ...(form.from ? [] : [{ field: "from", code: "required", message: "Enter its first day." }]),
  ...(form.to ? [] : [{ field: "to", code: "required", message: "Enter its last day." }]),
];

/** @param {string} field */
const labelOf = (field) => ({ kind: "What", note: "Note", from: "First day", to: "Last day" })[field] ?? field;

/** Ask, and take one out. @param {number} at @returns {Promise<boolean>} whether it is gone */
export async function remove(at) {
  const { blackouts } = open();
  const blackout = blackouts[at];
  if (!blackout) return true;
  const sure = await confirm({
    title: "Delete this blackout?",
    body: `${KINDS[blackout.kind].title} ${rangeInWords(blackout)}${blackout.note && ` (${blackout.note})`}. Without it jobs run at these times, too.`,
    action: "Delete",
    danger: true,
  });
  if (!sure) return false;
  try {
    await saveDistrict({ blackouts: blackouts.filter((_, other) => other !== at) });
    toast("The blackout is deleted. Jobs were planned anew.");
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}
