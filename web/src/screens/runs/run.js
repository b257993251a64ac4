import { useEffect, useLayoutEffect, useState } from "../../../vendor/preact-hooks.js";
import { get } from "../../api.js";
import { RunBadge } from "../../components/badge.js";
import { LoadError, Notice, PageHead } from "../../components/page.js";
import { Progress } from "../../components/progress.js";
import { Tabs } from "../../components/tabs.js";
import { toast } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, param, setParams } from "../../router.js";
import { ENDED, STAGES, follow, followHeld } from "../../runs.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { Actions } from "./actions.js";
import { Changes } from "./changes.js";
import { Families } from "./families.js";
import { Files } from "./files.js";
import { Decisions, Hold, Reasons } from "./hold.js";
import { Issues } from "./issues.js";
import { useLeftOut } from "./left-out.js";
import { Numbers } from "./numbers.js";
import { MODES, STAGE_TITLES, TRIGGERS, changed, duration } from "./words.js";

/** @typedef {import("../../types.js").Run} Run */

/** Of the address, what belongs to one tab only. */
const OF_A_TAB = { after: null, kind: null, person_type: null, held: null, severity: null, code: null };

/** A run: what it did, what it found, what waits, and what can be done about it. @param {{id: string}} props */
export function RunPage({ id }) {
  const [run, setRun] = useState(/** @type {Run | null} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [times, setTimes] = useState(0);
  const [leftOut, leaveOut] = useLeftOut(id);
  const again = () => setTimes((n) => n + 1);
  useLayoutEffect(() => {
    const abort = new AbortController();
    setError(null);
    follow(id, abort.signal, setRun).catch((failure) => abort.signal.aborted || setError(failure));
    return () => abort.abort();
  }, [id, times]);
  const state = run?.state;
  useEffect(() => {
    if (state !== "held") {
      if (state && ENDED.has(state) && leftOut.length) leaveOut([]);
      return undefined;
    }
    const abort = new AbortController();
    followHeld(id, abort.signal, (fresh) => {
      // Nobody is interrupted who is deciding: what the API answers them says it as well.
      if (document.querySelector("dialog[open]")) return;
      setRun(fresh);
      if (fresh.state !== "held") {
        toast("Somebody else has decided about this run.");
        again();
      }
    });
    return () => abort.abort();
  }, [id, state]);
  const integrationId = run?.integration_id;
  const { data: integration } = useLoad((signal) => (integrationId ? get(at(`/integrations/${integrationId}`), { signal }) : Promise.resolve(null)), [integrationId]);
  if (error) return html`<${Crumb} /><${LoadError} error=${error} onRetry=${again} />`;
  if (!run) return html`<${Crumb} /><${PageHead} title="Run" /><p class="muted" aria-live="polite">Loading…</p>`;
  const name = integration?.name ?? run.system;
  const heard = (/** @type {Run} */ fresh) => {
    setRun(fresh);
    again();
  };
  return html`
    <${Crumb} />
    <${PageHead} title=${name} intro=${`${MODES[run.mode]} of ${dateTime(run.queued_at)}`}><${Actions} run=${run} name=${name} onDone=${heard} /><//>
    <div class="run">
      <${Notices} run=${run} name=${name} />
      ${run.state === "held" && html`<${Hold} run=${run} name=${name} leftOut=${leftOut} onDone=${heard} />`}
      <div class="run-columns"><${Facts} run=${run} /><${Stages} run=${run} /></div>
      <${Numbers} run=${run} />
      <${Found} key=${ENDED.has(run.state) ? run.state : "working"} run=${run} leftOut=${leftOut} onLeaveOut=${leaveOut} />
    </div>
  `;
}

const Crumb = () => html`<p class="crumb"><a href=${addressOf(district.value?.id ?? "", "runs")}>All runs</a></p>`;

/** What must be known before anything else is read. @param {{run: Run, name: string}} props */
function Notices({ run, name }) {
  return html`
    ${run.error && run.state !== "rejected" && html`<${Notice} tone="bad"><p><strong>${run.state === "skipped" ? "This run was skipped." : "This run failed."}</strong> ${run.error.message}</p><p class="muted">Code: <code>${run.error.code}</code></p><//>`}
    ${run.cancel_requested && html`<${Notice} tone="warn"><p>${run.cancel_requested.by} has asked to cancel this run: “${run.cancel_requested.comment}”. Its runner stops when it next looks.</p><//>`}
    ${run.mode === "preview" && html`<${Notice}><p><strong>This is a preview.</strong> ${ENDED.has(run.state) ? `Nothing has been changed: it shows what ${run.trigger === "undo" ? "the undo" : `a sync of ${name}`} would do.` : "Nothing is changed by it."}</p><//>`}
    ${run.mode === "preview" && run.holds.length > 0 && html`<${Notice} tone="warn"><p>A sync would wait for somebody’s approval:</p><${Reasons} run=${run} /><//>`}
    ${run.undoes && html`<${Notice}><p>It undoes <a href=${addressOfRun(run.undoes)}>another run</a>. Whoever has changed since then stays as they are, and is named under Issues.</p><//>`}
  `;
}

/** @param {string} id */
const addressOfRun = (id) => addressOf(district.value?.id ?? "", "runs", id);

/** @param {{run: Run}} props */
function Facts({ run }) {
  /** @type {[string, any][]} */
  const facts = [
    ["State", html`<${RunBadge} state=${run.state} />`],
    ["Trigger", TRIGGERS[run.trigger]],
    ["Asked for by", run.requested_by],
    ["Read from the SIS", run.pull === "full" ? "Everybody" : run.pull === "delta" ? "Only who changed; nobody is ended for not being there" : null],
    ["Queued", dateTime(run.queued_at)],
    ["Started", dateTime(run.started_at)],
    ["Ended", dateTime(run.ended_at)],
    ["Duration", duration(run.started_at, run.ended_at)],
    ["Tries again", run.retry_of && html`<a href=${addressOfRun(run.retry_of)}>The run before</a>`],
    ["Undone by", run.undone_by && html`<a href=${addressOfRun(run.undone_by)}>A later run</a>`],
    ["Blackout", run.override ? "Started in spite of one" : null],
  ];
  return html`<section class="run-panel" aria-labelledby="run-facts">
    <h2 id="run-facts">Summary</h2>
    <dl class="run-facts">${facts.filter(([, value]) => value).map(([title, value]) => html`<div key=${title}><dt>${title}</dt><dd>${value}</dd></div>`)}</dl>
    <${Decisions} run=${run} />
  </section>`;
}

/** @param {{run: Run}} props */
function Stages({ run }) {
  const working = !ENDED.has(run.state);
  return html`<section class="run-panel" aria-labelledby="run-stages">
    <h2 id="run-stages">Stages</h2>
    ${working && html`<div aria-live="off"><${Progress} label=${STAGES[run.progress.stage] ?? "Waiting"} done=${run.progress.done} total=${run.progress.total} /></div>`}
    ${run.stages.length
      ? html`<ol class="stages">${run.stages.map(
          (stage, number) => html`<li key=${`${stage.stage}-${number}`} class=${stage.ended_at ? "over" : "now"}>
            <span>${STAGE_TITLES[stage.stage] ?? stage.stage}</span>
            <span class="muted"><time datetime=${stage.started_at} title=${dateTime(stage.started_at)}>${stage.ended_at ? duration(stage.started_at, stage.ended_at) : working ? "now" : "waits"}</time></span>
          </li>`,
        )}</ol>`
      : html`<p class="muted">${run.state === "queued" ? "It waits for its turn." : "It did not get as far as a stage."}</p>`}
    ${Object.entries(run.coverage).map(([stream, part]) => html`<p class="muted" key=${stream}>${streamTitle(stream)}: ${part.fetched.toLocaleString("en-US")} of ${part.of.toLocaleString("en-US")} were read this time.</p>`)}
  </section>`;
}

/** @param {string} stream */
const streamTitle = (stream) => stream.charAt(0).toUpperCase() + stream.slice(1).replace(/_/g, " ");

/** What the run found and does, tab by tab. @param {{run: Run, leftOut: string[], onLeaveOut: (ids: string[]) => void}} props */
function Found({ run, leftOut, onLeaveOut }) {
  const families = Object.values(run.families).reduce((sum, n) => sum + n, 0);
  const tabs = [
    { key: "changes", title: "Changes", count: changed(run) + (run.state === "held" ? Object.values(run.counts).reduce((sum, counts) => sum + counts.held, 0) : 0) },
    { key: "issues", title: "Issues", count: (run.issues.error ?? 0) + (run.issues.warning ?? 0) },
    { key: "families", title: "Families", count: families },
    { key: "files", title: "Files" },
  ];
  const open = tabs.find(({ key }) => key === param("tab"))?.key ?? "changes";
  if (!ENDED.has(run.state)) return html`<${Notice}><p>What it changes and finds wrong is shown here when it has ended.</p><//>`;
  return html`<${Tabs} label="What the run did" tabs=${tabs} open=${open} onOpen=${(/** @type {string} */ tab) => setParams({ ...OF_A_TAB, tab })}>
    ${open === "changes" && html`<${Changes} run=${run} />`}
    ${open === "issues" && html`<${Issues} run=${run} />`}
    ${open === "families" && html`<${Families} run=${run} leftOut=${leftOut} onLeaveOut=${onLeaveOut} />`}
    ${open === "files" && html`<${Files} run=${run} />`}
  <//>`;
}
