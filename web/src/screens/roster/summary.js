// What a run imported into the media application, and whom it kept out.
import { get } from "../../api.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, Notice } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Tiles } from "../../components/tiles.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, MEMBERS } from "../../people.js";
import { param, setParams } from "../../router.js";
import { at } from "../../session.js";

/** @param {{run: import("../../types.js").Run}} props */
export function Summary({ run }) {
  const { data, error, reload } = useLoad((signal) => get(at(`/runs/${run.id}/summary`), { signal }), [run.id]);
  const summary = /** @type {import("../../types.js").ImportSummary | null} */ (data);
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  if (!summary) return html`<p class="muted" aria-live="polite">Loading…</p>`;
  const sum = (/** @type {Record<string, number>} */ counts) => Object.values(counts).reduce((all, one) => all + one, 0);
  const reason = summary.reasons.find((one) => one.code === param("reason"));
  return html`<div class="stacked">
    <section class="stacked tight">
      <h2>Imported</h2>
      <${Tiles} label="Imported" tiles=${[
        ...MEMBERS.map(({ value, title }) => ({ key: value, title, count: summary.imported[value] ?? 0, tone: /** @type {const} */ ("good") })),
        { key: "same", title: "Staff who are parents", count: summary.staff_who_are_parents, help: "One account for both" },
      ]} />
    </section>
    <section class="stacked tight">
      <h2>Kept out</h2>
      <${Tiles} label="Kept out" tiles=${[
        ...MEMBERS.map(({ value, title }) => ({ key: value, title, count: summary.blocked[value] ?? 0, tone: /** @type {const} */ ("warn") })),
        { key: "rejected", title: "Rejected records", count: sum(summary.rejected), tone: /** @type {const} */ ("bad"), help: "Could not be read at all" },
      ]} />
      ${summary.reasons.length
        ? html`<${Table} caption="Why people were kept out" columns=${columns(reason?.code ?? "")} rows=${summary.reasons} keyOf=${(/** @type {{code: string}} */ one) => one.code} />`
        : !sum(summary.rejected) && html`<${Notice} tone="good">Nobody was kept out of the media application.<//>`}
    </section>
    ${reason && html`<${Blocked} key=${reason.code} run=${run} reason=${reason} />`}
  </div>`;
}

/** @param {string} open @returns {import("../../components/table.js").Column[]} */
const columns = (open) => [
  { key: "message", title: "Reason", render: (row) => html`<strong>${row.message.replace(/\{\w+\}/g, "somebody else")}</strong>` },
  { key: "count", title: "People", align: "end", render: (row) => row.count.toLocaleString("en-US") },
  { key: "fix", title: "What to do", render: (row) => row.fix },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => html`<${Button} label=${row.code === open ? `Hide who: ${row.message}` : `Show who: ${row.message}`} short=${row.code === open ? "Hide" : "Show who"} onClick=${() => setParams({ reason: row.code === open ? null : row.code, after: null })} />`,
  },
];

/** @param {{run: import("../../types.js").Run, reason: {code: string, message: string}}} props */
function Blocked({ run, reason }) {
  const list = useList(at(`/runs/${run.id}/issues`), { fixed: { code: reason.code } });
  return html`<section class="stacked tight">
    <h2>Who was kept out</h2>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption=${`Kept out: ${reason.message}`} columns=${PEOPLE} rows=${list.rows} loading=${list.loading} keyOf=${(/** @type {any} */ row) => `${row.person} ${row.value}`} empty=${html`<${Empty} title="Nobody on this page">Go to the next page, or download the list.<//>`} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  </section>`;
}

/** @type {import("../../components/table.js").Column[]} */
const PEOPLE = [
  { key: "person", title: "Person", render: (row) => html`<strong>${MEMBER[/** @type {import("../../people.js").MemberType} */ (row.person_type)] ?? "Record"} <code>${row.source_id}</code></strong>` },
  { key: "value", title: "Value", render: (row) => (row.value ? html`<span class="wrap">${row.value}</span>` : html`<span class="muted">None</span>`) },
  { key: "message", title: "Why", render: (row) => row.message },
];
