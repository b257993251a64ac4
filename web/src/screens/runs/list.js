import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { all } from "../../api.js";
import { Badge, RUN_STATES, RunBadge } from "../../components/badge.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Progress } from "../../components/progress.js";
import { Pager, Table } from "../../components/table.js";
import { Filter, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { ENDED, STAGES, follow } from "../../runs.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { addressOf } from "../../router.js";
import { MODES, TRIGGERS, duration, total } from "./words.js";

/** @typedef {import("../../types.js").Run} Run */

const STATES = Object.entries(RUN_STATES).map(([value, [, title]]) => ({ value, title }));

/** Runs of the district, newest first; those under way are followed. */
export function RunList() {
  const list = useList(at("/runs"), { filters: ["integration_id", "state"] });
  const { data: integrations } = useLoad((signal) => all(at("/integrations"), { query: { include_inactive: true }, signal }), []);
  const nameOf = (/** @type {Run} */ run) => (integrations ?? []).find((one) => one.id === run.integration_id)?.name ?? run.system;
  return html`
    <${PageHead} title="Runs" intro="Each run reads one integration’s people and brings what is stored in step with them. Open one to see what it changed, what it found wrong, and what waits for you." />
    <${Toolbar} onReset=${list.reset}>
      <${Filter} label="Integration" value=${list.query["integration_id"] ?? ""} options=${(integrations ?? []).map((one) => ({ value: one.id, title: one.name }))} onChange=${(/** @type {string} */ integration_id) => list.filter({ integration_id })} />
      <${Filter} label="State" value=${list.query["state"] ?? ""} options=${STATES} onChange=${(/** @type {string} */ state) => list.filter({ state })} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Runs" columns=${columns(nameOf, list.reload)} rows=${integrations && list.rows} loading=${list.loading} empty=${nothing(list.query)} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @param {Run} run */
export const addressOfRun = ({ id }) => addressOf(district.value?.id ?? "", "runs", id);

/**
 * @param {(run: Run) => string} nameOf
 * @param {() => void} reload
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (nameOf, reload) => [
  {
    key: "queued_at",
    title: "Run",
    render: (run) => html`<a class="stack run-link" href=${addressOfRun(run)}><strong>${nameOf(run)}</strong><time class="muted" datetime=${run.queued_at}>${dateTime(run.queued_at)}</time></a>`,
  },
  { key: "state", title: "State", render: (run) => html`<${State} run=${run} onEnd=${reload} />` },
  {
    key: "trigger",
    title: "Trigger",
    render: (run) => html`<span class="stack"><span>${TRIGGERS[/** @type {Run} */ (run).trigger]}${run.mode === "preview" && html` <${Badge} label=${MODES.preview} />`}</span><span class="muted">${breakable(run.requested_by)}</span></span>`,
  },
  { key: "add", title: "Added", align: "end", render: (run) => count(total(run, "add")) },
  { key: "update", title: "Updated", align: "end", render: (run) => count(total(run, "update")) },
  { key: "inactivate", title: "Ended", align: "end", render: (run) => count(total(run, "inactivate")) },
  { key: "held", title: "Waits", align: "end", render: (run) => count(run.state === "held" ? total(run, "held") : 0) },
  { key: "issues", title: "Issues", align: "end", render: (run) => count((run.issues.error ?? 0) + (run.issues.warning ?? 0)) },
  { key: "duration", title: "Duration", align: "end", render: (run) => duration(run.started_at, run.ended_at) || html`<span class="muted">–</span>` },
];

/** An address, which may break before its domain. @param {string} who */
const breakable = (who) => who.split(/(?=@)/).map((part, at_) => html`${at_ > 0 && html`<wbr />`}${part}`);

/** @param {number} number */
const count = (number) => (number ? number.toLocaleString("en-US") : html`<span class="muted">0</span>`);

/** The state of a run, or how far it is. @param {{run: Run, onEnd: () => void}} props */
function State({ run, onEnd }) {
  const [heard, setHeard] = useState(run);
  const working = !ENDED.has(run.state);
  useEffect(() => {
    if (!working) return undefined;
    const abort = new AbortController();
    follow(run.id, abort.signal, setHeard).then(onEnd, () => undefined);
    return () => abort.abort();
  }, [run.id, working]);
  if (!working) return html`<${RunBadge} state=${run.state} />`;
  return html`<${Progress} label=${STAGES[heard.progress.stage] ?? "Waiting"} done=${heard.progress.done} total=${heard.progress.total} />`;
}

/** @param {Record<string, string>} query */
const nothing = (query) =>
  query["integration_id"] || query["state"]
    ? html`<${Empty} title="Nothing found">No run fits. Choose all integrations and all states to see every run.<//>`
    : html`<${Empty} title="No runs yet">Start one with the refresh icon at <a href=${addressOf(district.value?.id ?? "", "integrations")}>SIS integrations</a>, or let the job scheduler do it every night.<//>`;
