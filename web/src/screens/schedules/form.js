import { useMemo, useRef } from "../../../vendor/preact-hooks.js";
import { get, pause, post, put } from "../../api.js";
import { user } from "../../auth.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorSummary, faultOf } from "../../components/errors.js";
import { CheckField, ChoicesField, SelectField, TextField } from "../../components/field.js";
import { LoadError, Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useForm } from "../../form.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at, district, reasonAgainst } from "../../session.js";
import { dateTime, plannedTime } from "../../time.js";
import { rangeInWords } from "../settings/ranges.js";
import { DATE_OPTIONS, EVERY, MONTH_OPTIONS, WEEKDAY_OPTIONS, entered, faultsOf, frequencyOf, inWords } from "./frequency.js";

const TYPING_MS = 200;

/**
 * @typedef {object} DialogProps
 * @property {string} id `new`, or which schedule
 * @property {import("../../types.js").Integration[]} integrations
 * @property {() => void} onClose
 * @property {() => void} onSaved
 *
 * @typedef {import("./frequency.js").Entered & {name: string, integration_ids: string[], run_as: string, active: boolean}} Form
 */

/** Add or change a job. @param {DialogProps} props */
export function ScheduleDialog(props) {
  const { data, error, reload } = useLoad(
    (signal) => (props.id === "new" ? Promise.resolve({}) : get(at(`/schedules/${props.id}`), { signal })),
    [props.id],
  );
  const title = props.id === "new" ? "Add job" : "Edit job";
  if (error) return html`<${Dialog} title=${title} onClose=${props.onClose}><${LoadError} error=${error} onRetry=${reload} /><//>`;
  if (!data) return html`<${Dialog} title=${title} onClose=${props.onClose} busy><p class="muted">Loading…</p><//>`;
  return html`<${JobForm} ...${props} title=${title} stored=${data} />`;
}

/** @param {DialogProps & {title: string, stored: Partial<import("../../types.js").Schedule>}} props */
function JobForm({ id, integrations, title, stored, onClose, onSaved }) {
  const isNew = id === "new";
  const denied = reasonAgainst("admin");
  const first = useMemo(() => begin(stored, integrations), [stored]);
  const { form, change, faults, failure, saving, submit } = useForm({
    stored: first,
    what: "this job",
    denied,
    check: missing,
    ask: async (/** @type {Form} */ entered_) => !stored.active || entered_.active || confirmInactive(entered_.name),
    send: (/** @type {Form} */ entered_) => (isNew ? post(at("/schedules"), bodyOf(entered_)) : put(at(`/schedules/${id}`), bodyOf(entered_), { version: stored.version })),
    onSaved: (saved) => {
      toast(`${saved.name} is saved.`);
      onSaved();
    },
  });
  const off = Boolean(denied);
  const offered = integrations.filter((one) => one.active || first.integration_ids.includes(one.id));
  const options = offered.map((one) => ({ value: one.id, title: one.active ? one.name : `${one.name} (inactive: it is left out)` }));
  const field = (/** @type {string} */ name) => ({ name, error: faultOf(faults, name), disabled: off });
  return html`<${Dialog}
    title=${title}
    busy=${saving}
    onClose=${onClose}
    footer=${html`
      <${Button} label="Cancel" onClick=${onClose} />
      <${Button} label="Save" kind="primary" type="submit" form="schedule" busy=${saving} denied=${denied} />
    `}
  >
    <form id="schedule" noValidate onSubmit=${submit}>
      <${ErrorSummary} faults=${faults} message=${failure || undefined} labelOf=${labelOf} />
      ${denied && html`<${Notice}>You can read this job but not change it. ${denied}<//>`}
      <div class="fields">
        <${TextField} ...${field("name")} label="Name" required maxLength=${100} value=${form.name} onInput=${(/** @type {string} */ name) => change({ name })} />
        <${TextField} ...${field("run_as")} label="Run as" required maxLength=${254} help="In whose name its runs are recorded." value=${form.run_as} onInput=${(/** @type {string} */ run_as) => change({ run_as })} />
        <div class="wide"><${ChoicesField} ...${field("integration_ids")} label="Integrations" required help="They run one beside the other." values=${form.integration_ids} options=${options} onChange=${(/** @type {string[]} */ integration_ids) => change({ integration_ids })} /></div>
        <h3 class="section">When</h3>
        <${When} form=${form} change=${change} field=${field} />
        <div class="wide"><${NextRuns} form=${form} stored=${stored} denied=${off} /></div>
        ${!isNew && html`<${CheckField} ...${field("active")} label="Active" help="An inactive job does not run by itself." checked=${form.active} onChange=${(/** @type {boolean} */ active) => change({ active })} />`}
        ${stored.last_run_at && html`<p class="muted">It last ran as planned for ${dateTime(stored.last_run_at)}.</p>`}
      </div>
    </form>
  <//>`;
}

/** Only what the frequency has. @param {{form: Form, change: (changes: Partial<Form>) => void, field: (name: string) => import("../../components/field.js").Common}} props */
function When({ form, change, field }) {
  const { every } = form;
  return html`
    <${SelectField} ...${field("frequency.every")} label="Frequency" value=${every} options=${EVERY} onChange=${(/** @type {Form["every"]} */ to) => change({ every: to })} />
    ${every === "hour" && html`<${TextField} ...${field("frequency.minute")} label="Minute" type="number" required help="Past every hour, from 0 to 59." value=${form.minute} onInput=${(/** @type {string} */ minute) => change({ minute })} />`}
    ${every === "week" && html`<${SelectField} ...${field("frequency.day")} label="Day" value=${form.day} options=${WEEKDAY_OPTIONS} onChange=${(/** @type {string} */ day) => change({ day })} />`}
    ${every === "year" && html`<${SelectField} ...${field("frequency.month")} label="Month" value=${form.month} options=${MONTH_OPTIONS} onChange=${(/** @type {string} */ month) => change({ month })} />`}
    ${(every === "month" || every === "year") &&
    html`<${SelectField} ...${field("frequency.date")} label="Date" help="Where a month is shorter: its last day." value=${form.date} options=${DATE_OPTIONS} onChange=${(/** @type {string} */ date) => change({ date })} />`}
    ${every !== "hour" && html`<${TextField} ...${field("frequency.at")} label="Time" type="time" required value=${form.at} onInput=${(/** @type {string} */ time) => change({ at: time })} />`}
  `;
}

/**
 * The next five runs, as the form stands; for those who may not change it, those of the job.
 * @param {{form: Form, stored: Partial<import("../../types.js").Schedule>, denied: boolean}} props
 */
function NextRuns({ form, stored, denied }) {
  const frequency = frequencyOf(form);
  const fault = faultsOf(form)[0];
  const asked = useRef(false);
  const { data, error, loading } = useLoad(
    /** @returns {Promise<import("../../types.js").PlannedRuns | null>} */ async (signal) => {
      if (fault || denied) return null;
      if (asked.current) await pause(TYPING_MS, signal);
      asked.current = true;
      return post(at("/schedules/preview"), { frequency }, { signal });
    },
    [JSON.stringify(frequency), Boolean(fault), denied],
  );
  const runs = denied ? (stored.next_runs ?? []).map((time) => ({ at: time, adds_only: false })) : data?.next_runs;
  return html`<section class="next-runs" aria-labelledby="next-runs" aria-busy=${loading ? "true" : "false"}>
    <h4 id="next-runs">${fault ? "Next runs" : inWords(frequency)}</h4>
    <p class="help">In the time zone of the district, ${district.value?.time_zone}.</p>
    <div aria-live="polite">
      ${fault && html`<p class="muted">${fault.message}</p>`}
      ${error && html`<p class="fault">${error.message}</p>`}
      ${!fault && !error && html`<ol>${(runs ?? Array(5).fill(null)).map((run) => html`<${NextRun} run=${run} />`)}</ol>`}
      ${(data?.left_out ?? []).map((blackout) => html`<p class="caution">Nothing runs ${rangeInWords(blackout)}${blackout.note && ` (${blackout.note})`}: times in that blackout are left out.</p>`)}
    </div>
  </section>`;
}

/** @param {{run: {at: string, adds_only: boolean} | null}} props */
const NextRun = ({ run }) =>
  run
    ? html`<li><time datetime=${run.at}>${plannedTime(run.at)}</time>${run.adds_only && html` <span class="muted">adds only: a blackout in which nobody is changed</span>`}</li>`
    : html`<li class="skeleton" aria-hidden="true"><span></span></li>`;

/** @param {Partial<import("../../types.js").Schedule>} stored @param {import("../../types.js").Integration[]} integrations @returns {Form} */
function begin(stored, integrations) {
  const active = integrations.filter((one) => one.active);
  return {
    ...entered(stored.frequency),
    name: stored.name ?? "",
    integration_ids: stored.integration_ids ?? (active.length === 1 ? active.map((one) => one.id) : []),
    run_as: stored.run_as ?? user.value?.name ?? "",
    active: stored.active ?? true,
  };
}

/** @param {Form} form */
const bodyOf = (form) => ({ name: form.name, integration_ids: form.integration_ids, frequency: frequencyOf(form), run_as: form.run_as, active: form.active });

/** @param {Form} form */
const missing = (form) => [
  ...(form.name.trim() ? [] : [{ field: "name", code: "required", message: "Enter a name." }]),
  ...(form.run_as.trim() ? [] : [{ field: "run_as", code: "required", message: "Enter in whose name it runs." }]),
  ...(form.integration_ids.length ? [] : [{ field: "integration_ids", code: "required", message: "Choose at least one integration." }]),
  ...faultsOf(form),
];

/** @type {Record<string, string>} */
const LABELS = { name: "Name", run_as: "Run as", integration_ids: "Integrations", "frequency.at": "Time", "frequency.minute": "Minute" };

/** @param {string} field */
const labelOf = (field) => LABELS[field] ?? LABELS[field.split(".")[0] ?? ""] ?? "Frequency";

/** @param {string} name */
const confirmInactive = (name) =>
  confirm({
    title: `Make ${name} inactive?`,
    body: "It does not run by itself any more, and the list shows it only with “Include inactive”. Its integrations stay as they are. You can make it active again.",
    action: "Make inactive",
    danger: true,
  });
