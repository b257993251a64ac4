// What a run found wrong, record by record.
import { Badge } from "../../components/badge.js";
import { Empty, LoadError } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Filter, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER } from "../../people.js";
import { at, district } from "../../session.js";
import { addressOf } from "../../router.js";
import { Csv } from "./changes.js";
import { fieldTitle } from "./words.js";

/** @typedef {import("../../types.js").Issue} Issue */

const SEVERITIES = [{ value: "error", title: "Errors" }, { value: "warning", title: "Warnings" }];

/** @param {{run: import("../../types.js").Run}} props */
export function Issues({ run }) {
  const list = useList(at(`/runs/${run.id}/issues`), { filters: ["severity", "code"] });
  const { severity, code } = /** @type {Record<"severity" | "code", string>} */ (list.query);
  const codes = Object.entries(run.issue_codes).sort(([, a], [, b]) => b - a).map(([value, count]) => ({ value, title: `${fieldTitle(value)} (${count.toLocaleString("en-US")})` }));
  return html`
    <p class="muted tab-intro">An error keeps a record out; a warning keeps only the value out.</p>
    <${Toolbar} onReset=${list.reset}>
      <${Filter} label="Severity" value=${severity} options=${SEVERITIES} onChange=${(/** @type {string} */ value) => list.filter({ severity: value })} />
      <${Filter} label="Problem" value=${code} options=${codes} onChange=${(/** @type {string} */ value) => list.filter({ code: value })} />
      <${Csv} path=${`/runs/${run.id}/issues.csv`} query=${{ severity, code }} name=${`${run.id}-issues.csv`} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Issues" columns=${COLUMNS} rows=${list.rows} loading=${list.loading} keyOf=${keyOf} empty=${html`<${Empty} title=${severity || code ? "Nothing found" : "Nothing is wrong"}>${severity || code ? "No issue fits. Choose all severities and all problems." : "Every record of this run was read and mapped."}<//>`} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @param {Issue} issue */
const keyOf = (issue) => [issue.code, issue.person_type, issue.source_id, issue.field, issue.value].join("|");

/** @type {import("../../components/table.js").Column[]} */
const COLUMNS = [
  { key: "message", title: "Problem", render: (issue) => html`<span class="stack"><strong>${issue.message}</strong><span class="muted">${issue.fix}</span></span>` },
  { key: "severity", title: "Severity", render: (issue) => html`<${Badge} tone=${issue.severity === "error" ? "bad" : "warn"} label=${issue.severity === "error" ? "Error" : "Warning"} />` },
  { key: "person", title: "Record", render: (issue) => html`<${Record} issue=${issue} />` },
  { key: "value", title: "Value", render: (issue) => (issue.field ? html`<span class="stack"><span>${fieldTitle(issue.field)}</span>${issue.value !== null && html`<code class="muted wrap">${issue.value}</code>`}</span>` : html`<span class="muted">–</span>`) },
];

/** @param {{issue: Issue}} props */
function Record({ issue }) {
  if (!issue.source_id) return html`<span class="muted">The whole run</span>`;
  const words = html`${issue.person_type && MEMBER[issue.person_type]} <code>${issue.source_id}</code>`;
  return issue.person ? html`<a href=${addressOf(district.value?.id ?? "", "people", issue.person)}>${words}</a>` : html`<span>${words}</span>`;
}
