import { all, download, get } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Tabs } from "../../components/tabs.js";
import { toastError } from "../../components/toast.js";
import { Choice } from "../../components/toolbar.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, param, setParams } from "../../router.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { Candidates, Decided } from "./pairs.js";
import { Summary } from "./summary.js";

const RUNS = 25;
const CANDIDATE = "staff_parent_candidate";

/** The media roster: whom a run imported, whom it kept out and why, and staff who are parents. */
export function Screen() {
  const { data, error, reload } = useLoad((signal) => all(at("/integrations"), { query: { include_inactive: true }, signal }), []);
  const feeding = /** @type {import("../../types.js").Integration[] | null} */ (data)?.filter((one) => one.destinations?.includes("media"));
  const open = feeding?.find((one) => one.id === param("integration")) ?? feeding?.[0];
  return html`
    <${PageHead} title="Media roster" intro="Whom a sync imported into the media application, whom it kept out and why, and which parents are staff too." />
    ${error && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${feeding && !open && html`<${Empty} title="Nothing feeds the media application" action=${html`<a class="button primary" href=${to("integrations")}>Go to SIS integrations</a>`}>Choose the destination “media” in the form of an integration. Its next sync then builds the roster.<//>`}
    ${feeding && open && html`<${Runs} key=${open.id} integration=${open} integrations=${feeding} />`}
  `;
}

/** @param {string} screen */
const to = (screen) => addressOf(district.value?.id ?? "", screen);

/** @param {{integration: import("../../types.js").Integration, integrations: import("../../types.js").Integration[]}} props */
function Runs({ integration, integrations }) {
  const { data, error, reload } = useLoad((signal) => completed(integration.id, signal), [integration.id]);
  const run = data?.find((one) => one.id === param("run")) ?? data?.find((one) => one.mode === "sync") ?? data?.[0];
  const tab = param("tab", "summary");
  const candidates = run?.issue_codes[CANDIDATE] ?? 0;
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  return html`
    <div class="toolbar">
      <${Choice} label="Integration" value=${integration.id} options=${integrations.map((one) => ({ value: one.id, title: one.name }))} onChange=${(/** @type {string} */ id) => setParams({ integration: id, run: null, reason: null, after: null })} />
      ${data && run && html`<${Choice} label="Run" value=${run.id} options=${data.map((one) => ({ value: one.id, title: titleOf(one) }))} onChange=${(/** @type {string} */ id) => setParams({ run: id, reason: null, after: null })} />`}
      ${run?.mode === "preview" && html`<${Badge} tone="warn" label="A preview: nobody was written" />`}
      ${run && html`<span class="spacer"></span><${Button} label="Download the blocked" icon="down" onClick=${() => download(at(`/runs/${run.id}/summary.csv`), `${integration.name} blocked.csv`).catch(toastError)} />`}
    </div>
    ${data && !run && html`<${Empty} title="No run has completed yet" action=${html`<a class="button primary" href=${to("integrations")}>Go to SIS integrations</a>`}>Run ${integration.name}, or preview it: whom it imports is told here.<//>`}
    ${run &&
    html`<${Tabs}
      label="Media roster"
      tabs=${[
        { key: "summary", title: "Import summary" },
        { key: "candidates", title: "Staff who may be parents", count: candidates },
        { key: "decided", title: "Decided" },
      ]}
      open=${tab}
      onOpen=${(/** @type {string} */ key) => setParams({ tab: key === "summary" ? null : key, after: null, reason: null })}
    >
      ${tab === "candidates" ? html`<${Candidates} key=${run.id} run=${run} />` : tab === "decided" ? html`<${Decided} />` : html`<${Summary} key=${run.id} run=${run} />`}
    <//>`}
  `;
}

/**
 * The newest completed runs; a page of them may be short, so it goes on until there is one.
 * @param {string} integration @param {AbortSignal} signal
 * @returns {Promise<import("../../types.js").Run[]>}
 */
async function completed(integration, signal) {
  /** @type {import("../../types.js").Run[]} */
  const found = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    /** @type {import("../../types.js").Page<import("../../types.js").Run>} */
    const page = await get(at("/runs"), { query: { integration_id: integration, state: "completed", limit: RUNS, cursor }, signal });
    found.push(...page.items);
    cursor = page.next;
  } while (cursor && !found.length);
  return found;
}

/** @param {import("../../types.js").Run} run */
const titleOf = (run) => `${dateTime(run.ended_at)}${run.mode === "preview" ? ", preview" : ""}`;
