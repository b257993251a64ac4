// How many people a run changes, its issues against the last sync, and the integration's last runs as a plot.
import { get } from "../../api.js";
import { Table } from "../../components/table.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { ENDED } from "../../runs.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { addressOf } from "../../router.js";
import { MEMBERS } from "../../people.js";
import { changed, total } from "./words.js";

/** @typedef {import("../../types.js").Run} Run */
/** @typedef {"add" | "update" | "reactivate" | "inactivate" | "held" | "reject"} Kind */

/** What is drawn, in this order. @type {[Kind, string][]} */
const SHOWN = [["add", "Added"], ["update", "Updated"], ["reactivate", "Back again"], ["inactivate", "Ended"], ["held", "Held"], ["reject", "Rejected"]];
const WIDTH = 240;
const RUNS = 20;
const HEIGHT = 72;

/** @param {{run: Run}} props */
export function Numbers({ run }) {
  const most = Math.max(1, ...Object.values(run.counts).map(sum));
  const rows = MEMBERS.map(({ value, title }) => ({ id: value, title, counts: run.counts[value] })).filter(({ counts }) => counts);
  return html`<section class="run-panel" aria-labelledby="run-numbers">
    <h2 id="run-numbers">People</h2>
    <${Table} caption="Counts by type of person" columns=${columns(most)} rows=${rows} />
    ${run.protected > 0 && html`<p class="muted">Of ${run.protected.toLocaleString("en-US")} something stays whatever the SIS says, because somebody protected it.</p>`}
    ${run.trend && html`<${Trend} trend=${run.trend} />`}
    ${ENDED.has(run.state) && html`<${Earlier} run=${run} />`}
  </section>`;
}

/** @param {Run["counts"][string]} counts */
const sum = (counts) => SHOWN.reduce((all, [kind]) => all + counts[kind], 0);

/** @param {number} most @returns {import("../../components/table.js").Column[]} */
const columns = (most) => [
  { key: "title", title: "Type", render: (row) => html`<span class="stack"><strong>${row.title}</strong><${Bar} counts=${row.counts} most=${most} /></span>` },
  ...SHOWN.map(([kind, title]) => ({
    key: kind,
    title,
    align: /** @type {"end"} */ ("end"),
    render: (/** @type {any} */ row) => html`<span class=${`run-kind ${kind} ${row.counts[kind] ? "" : "none"}`}>${row.counts[kind].toLocaleString("en-US")}</span>`,
  })),
  { key: "unchanged", title: "Unchanged", align: "end", render: (row) => html`<span class="muted">${row.counts.unchanged.toLocaleString("en-US")}</span>` },
];

/** The same numbers as a bar. @param {{counts: Run["counts"][string], most: number}} props */
function Bar({ counts, most }) {
  let x = 0;
  return html`<svg class="run-bar" viewBox=${`0 0 ${WIDTH} 8`} preserveAspectRatio="none" aria-hidden="true">
    <rect class="ground" width=${WIDTH} height="8" rx="2" />
    ${SHOWN.map(([kind]) => {
      const width = (counts[kind] / most) * WIDTH;
      const from = x;
      x += width;
      return width > 0 && html`<rect key=${kind} class=${kind} x=${from} width=${Math.max(1, width)} height="8" />`;
    })}
  </svg>`;
}

/** @param {{trend: NonNullable<Run["trend"]>}} props */
const Trend = ({ trend }) => html`<div>
  <h3>Issues, against the last completed sync</h3>
  <ul class="trend">
    <li><strong>${trend.new.toLocaleString("en-US")}</strong> new</li>
    <li><strong>${trend.persisting.toLocaleString("en-US")}</strong> still there</li>
    <li><strong>${trend.fixed.toLocaleString("en-US")}</strong> fixed</li>
  </ul>
</div>`;

/** The integration's last runs, oldest first: changes as columns, each leading to its run. @param {{run: Run}} props */
function Earlier({ run }) {
  const { data } = useLoad((signal) => get(at("/runs"), { query: { integration_id: run.integration_id, limit: RUNS }, signal }), [run.id, run.state]);
  /** @type {Run[]} */
  const runs = (data?.items ?? []).filter((/** @type {Run} */ one) => ENDED.has(one.state) && one.mode === "sync").reverse();
  if (runs.length < 2) return null;
  const most = Math.max(1, ...runs.map(changed));
  const step = WIDTH / RUNS;
  return html`<div>
    <h3>People changed by the last runs</h3>
    <svg class="plot" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <line class="axis" x1="0" x2=${WIDTH} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} />
      ${runs.map((one, number) => {
        const height = Math.max(1.5, (changed(one) / most) * (HEIGHT - 6));
        return html`<rect key=${one.id} class=${one.id === run.id ? "this" : one.state} x=${number * step + 1.5} y=${HEIGHT - height} width=${step - 3} height=${height} rx="1"><title>${dateTime(one.queued_at)}: ${changed(one)}</title></rect>`;
      })}
    </svg>
    <details><summary>The same as a table</summary><${Table} caption="The last runs" columns=${PAST} rows=${[...runs].reverse()} /></details>
  </div>`;
}

/** @type {import("../../components/table.js").Column[]} */
const PAST = [
  { key: "queued_at", title: "Run", render: (run) => html`<a href=${addressOf(district.value?.id ?? "", "runs", run.id)}>${dateTime(run.queued_at)}</a>` },
  { key: "changed", title: "Changed", align: "end", render: (run) => changed(run).toLocaleString("en-US") },
  { key: "held", title: "Held", align: "end", render: (run) => total(run, "held").toLocaleString("en-US") },
  { key: "issues", title: "Issues", align: "end", render: (run) => ((run.issues.error ?? 0) + (run.issues.warning ?? 0)).toLocaleString("en-US") },
];
