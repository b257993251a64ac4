import { get, put } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { faultOf } from "../../components/errors.js";
import { ChoicesField, SelectField, TextField, useIds } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useForm, wholeNumber } from "../../form.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";
import { Panel } from "./panel.js";

/** @typedef {Omit<import("../../types.js").Recipient, "agreed"> & {key: string}} Row */

const MOST = 50;
const SEVERITIES = [
  { value: "critical", title: "Critical" },
  { value: "error", title: "Error" },
  { value: "warning", title: "Warning" },
  { value: "info", title: "Info" },
];
const DIGESTS = [
  { value: "none", title: "At once, one mail each" },
  { value: "daily", title: "Once a day, in one mail" },
];

/** Who is told of what. */
export function Notifications() {
  const denied = reasonAgainst("admin");
  // Addresses of staff are for administrators alone.
  if (denied) return html`<${Notice}>Who is told of what is shown to administrators only. ${denied}<//>`;
  return html`<${Loaded} />`;
}

function Loaded() {
  const { data, error, reload } = useLoad(
    /** @returns {Promise<import("../../types.js").Notifications>} */ (signal) => get(at("/notifications"), { signal }),
    [],
  );
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  if (!data) return html`<p class="muted" aria-live="polite">Loading…</p>`;
  return html`<${People} stored=${data} onSaved=${reload} />`;
}

/** @param {{stored: import("../../types.js").Notifications, onSaved: () => void}} props */
function People({ stored, onSaved }) {
  const form = useForm({
    stored: {
      recipients: stored.recipients.map(({ email, severities, digest }) => /** @type {Row} */ ({ key: email, email, severities, digest })),
      failures_in_a_row: String(stored.failures_in_a_row),
      digest_at: stored.digest_at,
    },
    what: "who is told",
    check: faultsOf,
    send: ({ recipients, failures_in_a_row, digest_at }) =>
      put(
        at("/notifications"),
        { recipients: recipients.map(({ email, severities, digest }) => ({ email: email.trim(), severities, digest })), failures_in_a_row: Number(failures_in_a_row), digest_at },
        { version: stored.version },
      ),
    onSaved: () => {
      toast("Saved. Whoever is new is asked by mail whether they agree.");
      onSaved();
    },
  });
  const { recipients, failures_in_a_row, digest_at } = form.form;
  const set = (/** @type {number} */ row, /** @type {Partial<Row>} */ changes) =>
    form.change({ recipients: recipients.map((one, other) => (other === row ? { ...one, ...changes } : one)) });
  /** @type {Row} */
  const blank = { key: crypto.randomUUID(), email: "", severities: ["critical", "error"], digest: "none" };
  const agreed = new Map(stored.recipients.map((one) => [one.email.toLowerCase(), one.agreed]));
  const full = recipients.length >= MOST ? `At most ${MOST} people are told.` : "";
  return html`<${Panel} form=${form} denied="" labelOf=${labelOf}>
    <div class="fields">
      <${TextField} name="failures_in_a_row" label="Failures in a row" type="number" required help="So many failed runs of one integration make a critical event. Default: 3." value=${failures_in_a_row} error=${faultOf(form.faults, "failures_in_a_row")} onInput=${(/** @type {string} */ text) => form.change({ failures_in_a_row: text })} />
      <${TextField} name="digest_at" label="Daily mail at" type="time" required help=${stored.next_digest_at ? `The next one is due ${dateTime(stored.next_digest_at)}.` : "Nobody gets it yet."} value=${digest_at} error=${faultOf(form.faults, "digest_at")} onInput=${(/** @type {string} */ text) => form.change({ digest_at: text })} />
      <h2 class="section">Recipients</h2>
      <div class="wide recipients">
        ${recipients.map((one, row) => html`<${RecipientRow}
          key=${one.key}
          row=${row}
          recipient=${one}
          agreed=${agreed.get(one.email.trim().toLowerCase())}
          faults=${form.faults}
          onChange=${(/** @type {Partial<Row>} */ changes) => set(row, changes)}
          onRemove=${() => form.change({ recipients: recipients.filter((_, other) => other !== row) })}
        />`)}
        ${!recipients.length && html`<p class="muted">Nobody is told yet. Add whoever should hear of a run that failed, or waits for approval.</p>`}
        <div><${Button} label="Add recipient" icon="add" denied=${full} onClick=${() => form.change({ recipients: [...recipients, blank] })} /></div>
      </div>
    </div>
  <//>`;
}

/**
 * @param {{row: number, recipient: Row, agreed: boolean | undefined, faults: import("../../types.js").FieldFault[],
 *   onChange: (changes: Partial<Row>) => void, onRemove: () => void}} props
 */
function RecipientRow({ row, recipient, agreed, faults, onChange, onRemove }) {
  const path = (/** @type {string} */ name) => `recipients.${row}.${name}`;
  const who = recipient.email || `recipient ${row + 1}`;
  const fault = faultOf(faults, path("email")) ?? faults.find(({ field }) => field === `recipients.${row}`)?.message;
  return html`<fieldset class="recipient" id=${useIds()(`recipients.${row}`)} tabindex="-1">
    <legend class="hidden">${who}</legend>
    <${TextField} name=${path("email")} label="E-mail" type="email" required maxLength=${320} value=${recipient.email} error=${fault} onInput=${(/** @type {string} */ email) => onChange({ email })} />
    <${SelectField} name=${path("digest")} label="How" value=${recipient.digest} options=${DIGESTS} onChange=${(/** @type {Row["digest"]} */ digest) => onChange({ digest })} />
    <${ChoicesField} name=${path("severities")} label="Of what" required values=${recipient.severities} options=${SEVERITIES} error=${faultOf(faults, path("severities"))} onChange=${(/** @type {Row["severities"]} */ severities) => onChange({ severities })} />
    <div class="recipient-state">
      ${agreed === undefined
        ? html`<${Badge} label="Not saved yet" />`
        : html`<${Badge} tone=${agreed ? "good" : "warn"} label=${agreed ? "Has agreed" : "Has not agreed yet"} />`}
      <${Button} label=${`Remove ${who}`} icon="trash" iconOnly kind="quiet" onClick=${onRemove} />
    </div>
  </fieldset>`;
}

/** @param {{recipients: Row[], failures_in_a_row: string, digest_at: string}} form */
const faultsOf = ({ recipients, failures_in_a_row, digest_at }) => [
  ...(wholeNumber(failures_in_a_row, 2, 20) ? [] : [{ field: "failures_in_a_row", code: "number", message: "Enter a whole number from 2 to 20." }]),
  ...(digest_at ? [] : [{ field: "digest_at", code: "required", message: "Enter a time." }]),
  ...recipients.flatMap(({ email, severities }, row) => [
    ...(email.trim() ? [] : [{ field: `recipients.${row}.email`, code: "required", message: "Enter an e-mail address." }]),
    ...(severities.length ? [] : [{ field: `recipients.${row}.severities`, code: "required", message: "Choose at least one." }]),
  ]),
];

/** @param {string} field */
function labelOf(field) {
  const [first, row, name] = field.split(".");
  if (first === "recipients" && row) return `Recipient ${Number(row) + 1}, ${name === "severities" ? "of what" : "e-mail"}`;
  return { failures_in_a_row: "Failures in a row", digest_at: "Daily mail at" }[field] ?? "Recipients";
}
