// A job run by hand, and what its integrations have last done.
import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { Problem, post } from "../../api.js";
import { RunBadge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { toast, toastError } from "../../components/toast.js";
import { html } from "../../html.js";
import { addressOf } from "../../router.js";
import { ENDED, follow, told } from "../../runs.js";
import { hear, live } from "../integrations/run.js";
import { at, district, reasonAgainst } from "../../session.js";
import { ago, dateTime } from "../../time.js";

/** @typedef {Pick<import("../../types.js").Run, "id" | "state" | "ended_at" | "integration_id">} LastRun */

/** The refresh icon: runs a job's integrations now. @param {{schedule: import("../../types.js").Schedule}} props */
export function RunButton({ schedule }) {
  const [asking, setAsking] = useState(false);
  const begin = async (override = false) => {
    /** @type {import("../../types.js").Page<import("../../types.js").Run>} */
    const begun = await post(at(`/schedules/${schedule.id}/runs`), { override });
    begun.items.forEach(hear);
    toast(`${schedule.name}: ${begun.items.length === 1 ? "one run has" : `${begun.items.length} runs have`} begun.`);
  };
  const run = async () => {
    setAsking(true);
    try {
      await begin();
    } catch (error) {
      if (!(error instanceof Problem && error.code === "blackout") || reasonAgainst("admin")) toastError(error);
      else if (await confirmOverride(schedule.name, error.message)) await begin(true).catch(toastError);
    } finally {
      setAsking(false);
    }
  };
  return html`<${Button} label=${`Run ${schedule.name} now`} icon="refresh" iconOnly kind="quiet" busy=${asking} denied=${reasonAgainst("operator")} onClick=${run} />`;
}

/** @param {string} name @param {string} why */
const confirmOverride = (name, why) =>
  confirm({
    title: `Run ${name} in a blackout?`,
    body: `${why} As an administrator you may override it: the integrations are read and people are changed as in any run, and the runs are marked as yours.`,
    action: "Run anyway",
    danger: true,
  });

/** @param {{schedule: import("../../types.js").Schedule, nameOf: (id: string) => string, onEnd: () => void}} props */
export function LastRuns({ schedule, nameOf, onEnd }) {
  const runs = schedule.integration_ids.map((id) => newest(schedule.last_runs.find((run) => run.integration_id === id), live.value[id]));
  const some = runs.filter((run) => run !== undefined);
  if (!some.length) return html`<span class="muted">Never run</span>`;
  return html`<ul class="last-runs">
    ${some.map((run) => html`<${OneRun} key=${run.integration_id} run=${run} name=${nameOf(run.integration_id)} named=${runs.length > 1} onEnd=${onEnd} />`)}
  </ul>`;
}

/** Ids of runs sort by time. @param {LastRun | undefined} stored @param {LastRun | undefined} heard */
const newest = (stored, heard) => (!stored || (heard && (heard.id > stored.id || heard.id === stored.id)) ? heard : stored);

/** @param {{run: LastRun, name: string, named: boolean, onEnd: () => void}} props */
function OneRun({ run, name, named, onEnd }) {
  const ended = ENDED.has(run.state);
  useEffect(() => {
    if (ended) return undefined;
    const abort = new AbortController();
    follow(run.id, abort.signal, hear).then((last) => {
      toast(`${name}: ${told(last)}`, { bad: last.state === "failed" });
      onEnd();
    }, () => undefined);
    return () => abort.abort();
  }, [run.id, ended]);
  return html`<li>
    <a href=${addressOf(district.value?.id ?? "", "runs", run.id)} title=${dateTime(run.ended_at)}>
      <${RunBadge} state=${run.state} /><span class="hidden"> ${name}</span>
    </a>
    <span class="muted">${named && `${name}${run.ended_at ? ", " : ""}`}${ago(run.ended_at)}</span>
  </li>`;
}
