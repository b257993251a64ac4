import { Badge } from "../../components/badge.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Search, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER } from "../../people.js";
import { at } from "../../session.js";
import { date } from "../../time.js";
import { PersonLink } from "../people/links.js";
import { Release, corrected, covered, lasting } from "../people/standing.js";

/** @typedef {import("../../types.js").Protection} Protection */

/** Everybody of whom something is protected. */
export function Screen() {
  const list = useList(at("/protections"));
  return html`
    <${PageHead} title="Protected people" intro="What is protected stays as it is in every sync. Look here now and then: what is right in the SIS again is best released." />
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by name" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Protected people" columns=${columns(list.reload)} rows=${list.rows} loading=${list.loading} keyOf=${(/** @type {Protection} */ row) => row.person_id} empty=${nothing(list.query)} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @param {() => void} onReleased @returns {import("../../components/table.js").Column[]} */
const columns = (onReleased) => [
  { key: "name", title: "Name", render: (row) => html`<span class="stack"><${PersonLink} person=${{ ...row, id: row.person_id }} /><span class="muted">${MEMBER[/** @type {Protection} */ (row).person_type]}</span></span>` },
  { key: "fields", title: "Protected", render: (row) => html`<span class="stack"><span>${covered(row)}</span>${corrected(row) && html`<span class="muted">By hand: ${corrected(row)}</span>`}</span>` },
  { key: "until", title: "How long", render: (row) => html`<span class="stack"><${Badge} tone=${row.in_force ? "busy" : "plain"} label=${row.in_force ? "In force" : "Over"} /><span class="muted">${lasting(row)}</span></span>` },
  { key: "reason", title: "Reason", render: (row) => html`<span class="stack"><span class="wrap">${row.reason}</span><span class="muted">${row.set_by}, <time datetime=${row.set_at}>${date(row.set_at)}</time></span></span>` },
  { key: "actions", title: "", hidden: "Actions", render: (row) => html`<${Release} protection=${row} named onReleased=${onReleased} />` },
];

/** @param {Record<string, string>} query */
const nothing = (query) =>
  query["search"]
    ? html`<${Empty} title="Nobody found">Nothing is protected of anybody of this name. Try fewer letters.<//>`
    : html`<${Empty} title="Nobody is protected">Everybody follows the SIS. To keep a value, or to correct one by hand, open the person under People and choose “Protect or correct”.<//>`;
