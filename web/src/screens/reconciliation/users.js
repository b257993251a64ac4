// The users in a table, by state, and how each is decided.
import { useState } from "../../../vendor/preact-hooks.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Tiles } from "../../components/tiles.js";
import { Filter, Search, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, MEMBERS, nameOf } from "../../people.js";
import { reasonAgainst } from "../../session.js";
import { AcceptDialog } from "./accepting.js";
import { DecideDialog } from "./decide.js";
import { STATES, stateOf } from "./states.js";

/** @typedef {import("../../types.js").ReconciliationRow} Row */

/** @param {{path: string, summary: import("../../types.js").ReconciliationSummary, onChanged: () => void}} props */
export function Users({ path, summary, onChanged }) {
  const list = useList(path, { filters: ["state", "type"] });
  const [deciding, setDeciding] = useState(/** @type {Row | null} */ (null));
  const [accepting, setAccepting] = useState(false);
  const denied = reasonAgainst("admin");
  const changed = () => {
    setDeciding(null);
    setAccepting(false);
    list.reload();
    onChanged();
  };
  const state = list.query["state"] ?? "";
  return html`
    <${Tiles}
      label="Users by state"
      tiles=${STATES.map(({ key, title, tone, help }) => ({ key, title, tone, help, count: summary.counts[key] ?? 0 }))}
      open=${state}
      onOpen=${(/** @type {string} */ key) => list.filter({ state: key })}
    />
    <div>
      <${Toolbar} onReset=${list.reset}>
        <${Search} label="Search by name, host ID or e-mail" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
        <${Filter} label="Member type" value=${list.query["type"] ?? ""} options=${MEMBERS} onChange=${(/** @type {string} */ type) => list.filter({ type })} />
        <${Button} label="Accept proposals…" icon="check" denied=${denied || (summary.counts["proposed"] ? "" : "There are no proposals.")} onClick=${() => setAccepting(true)} />
      <//>
      ${list.error
        ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
        : html`<${Table}
            caption="Users of the media application"
            columns=${columns(denied, setDeciding)}
            rows=${list.rows}
            loading=${list.loading}
            keyOf=${keyOf}
            empty=${html`<${Empty} title="Nobody found">${state ? `Nobody who fits is ${stateOf(/** @type {any} */ (state)).title.toLowerCase()}.` : "Nobody fits."} Press Reset to see everybody.<//>`}
          />`}
      <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
    </div>
    ${deciding && html`<${DecideDialog} path=${path} row=${deciding} version=${summary.version} onClose=${() => setDeciding(null)} onDecided=${changed} />`}
    ${accepting && html`<${AcceptDialog} path=${path} version=${summary.version} onClose=${() => setAccepting(false)} onAccepted=${changed} />`}
  `;
}

/** @param {Row} row */
const keyOf = (row) => `${row.type} ${row.host_id ?? ""} ${row.host_id ? "" : row.person_id}`;

/**
 * @param {string} denied
 * @param {(row: Row) => void} onDecide
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (denied, onDecide) => [
  {
    key: "user",
    title: "User",
    render: (row) => html`<span class="stack"><strong>${nameOf(row, row.host_id ? "No name in the list" : "No name in the SIS")}</strong><span class="muted">${MEMBER[/** @type {import("../../people.js").MemberType} */ (row.type)]}</span>${row.email && html`<span class="muted wrap">${row.email}</span>`}</span>`,
  },
  { key: "host_id", title: "Host ID", render: (row) => (row.host_id ? html`<code class="wrap">${row.host_id}</code>` : html`<span class="muted">No account yet</span>`) },
  {
    key: "state",
    title: "State",
    render: (row) => html`<span class="stack"><${Badge} tone=${stateOf(row.state).tone} label=${stateOf(row.state).title} />${row.reason ? html`<span class="muted reason">${row.reason.message}</span>` : row.decided && html`<span class="muted">Decided by hand</span>`}</span>`,
  },
  { key: "becomes", title: "In the SIS", render: (row) => html`<${Becomes} row=${row} />` },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => row.host_id && html`<${Button} label=${`Decide about ${nameOf(row, row.host_id)}`} short="Decide" denied=${denied} onClick=${() => onDecide(row)} />`,
  },
];

/** @param {{row: Row}} props */
function Becomes({ row }) {
  const likely = row.candidates[0];
  if (row.person) {
    return html`<span class="stack"><span>${nameOf(row.person)} <code>${row.person.host_id}</code></span>${row.host_id && row.host_id !== row.person.host_id && html`<span class="muted">The host ID is to be updated</span>`}</span>`;
  }
  if (likely) {
    const more = row.candidates.length - 1;
    return html`<span class="stack"><span>${nameOf(likely)} <code>${likely.host_id}</code>?</span><span class="muted">${likely.confidence} % sure${more ? `, and ${more} more` : ""}</span></span>`;
  }
  return html`<span class="muted">${row.state === "retired" ? "Nobody’s" : "Nobody yet"}</span>`;
}
