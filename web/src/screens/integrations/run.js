// A run from the list: started by the refresh icon, followed until it ends.
import { signal } from "../../../vendor/preact-signals.js";
import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { get, post } from "../../api.js";
import { RunBadge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Progress } from "../../components/progress.js";
import { toast, toastError } from "../../components/toast.js";
import { html } from "../../html.js";
import { ENDED, STAGES, follow, told } from "../../runs.js";
import { at, district, reasonAgainst } from "../../session.js";
import { ago, dateTime } from "../../time.js";
import { addressOf } from "../../router.js";

/** The runs that are under way, as last heard of, by integration. @type {import("../../../vendor/preact-signals.js").Signal<Record<string, import("../../types.js").Run>>} */
export const live = signal({});

/** Learn of runs that wait in the queue: a list tells of a run only once it has begun. @param {AbortSignal} signal */
export async function hearQueued(signal) {
  /** @type {import("../../types.js").Page<import("../../types.js").Run>} */
  const { items } = await get(at("/runs"), { query: { state: "queued", limit: 200 }, signal });
  live.value = { ...live.value, ...Object.fromEntries(items.map((run) => [run.integration_id, run])) };
}

/** @param {import("../../types.js").Run} run */
export const hear = (run) => {
  live.value = { ...live.value, [run.integration_id]: run };
};

/** The refresh icon: runs an integration now. @param {{integration: import("../../types.js").Integration, onStarted: () => void}} props */
export function RunButton({ integration, onStarted }) {
  const [asking, setAsking] = useState(false);
  const under = running(integration);
  const denied = reasonAgainst("operator") || (integration.active ? "" : "An inactive integration is not run. Activate it first.");
  const run = async () => {
    setAsking(true);
    try {
      hear(await post(at(`/integrations/${integration.id}/runs`), { mode: "sync" }));
      toast(`${integration.name}: the update has begun.`);
      onStarted();
    } catch (error) {
      toastError(error);
    } finally {
      setAsking(false);
    }
  };
  return html`<${Button} label=${`Run ${integration.name} now`} icon="refresh" iconOnly kind="quiet" busy=${asking || under} denied=${denied} onClick=${run} />`;
}

/**
 * How the last run ended, or how far the one under way is. It asks more and more rarely, and not at all while nobody looks.
 * @param {{integration: import("../../types.js").Integration, onEnd: () => void}} props
 */
export function LastRun({ integration, onEnd }) {
  const id = runningId(integration);
  useEffect(() => {
    if (!id) return undefined;
    const abort = new AbortController();
    follow(id, abort.signal, hear).then((run) => {
      toast(`${integration.name}: ${told(run)}`, { bad: run.state === "failed" });
      onEnd();
    }, () => undefined);
    return () => abort.abort();
  }, [id]);
  const run = live.value[integration.id];
  if (id) {
    const progress = run?.id === id ? run.progress : null;
    return html`<${Progress} label=${STAGES[progress?.stage ?? ""] ?? "Waiting"} done=${progress?.done} total=${progress?.total} />`;
  }
  const ended = run && run.id === integration.last_run?.id ? run : integration.last_run;
  if (!ended) return html`<span class="muted">Never run</span>`;
  return html`<a class="stack run-link" href=${addressOf(district.value?.id ?? "", "runs", ended.id)}><${RunBadge} state=${ended.state} /><time class="muted" datetime=${ended.ended_at ?? undefined} title=${dateTime(ended.ended_at)}>${ago(ended.ended_at)}</time><span class="hidden"> ${integration.name}</span></a>`;
}

/** @param {import("../../types.js").Integration} integration */
function runningId(integration) {
  const heard = live.value[integration.id];
  if (heard && !ENDED.has(heard.state)) return heard.id;
  const last = integration.last_run;
  return last && !ENDED.has(last.state) && heard?.id !== last.id ? last.id : null;
}

/** @param {import("../../types.js").Integration} integration */
const running = (integration) => runningId(integration) !== null;
