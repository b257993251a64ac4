import { all } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Filter, Search, Toggle, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { date } from "../../time.js";
import { MappingDialog } from "./editor.js";
import { ENTITIES, titleOf } from "./entities.js";

/** Data entity mappings: what each code of a SIS stands for. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const list = useList(at("/mappings"), { sort: "name", filters: ["entity"] });
  const { data: users } = useLoad((signal) => all(at("/integrations"), { query: { include_inactive: true }, signal }), []);
  const usedBy = (/** @type {string} */ id) => (users ?? []).filter((one) => Object.values(one.mappings).includes(id));
  const home = addressOf(district.value?.id ?? "", "mappings") + location.search;
  const add = html`<${Button} label="Add new mapping" icon="add" kind="primary" denied=${reasonAgainst("admin")} onClick=${() => navigate(to("new"))} />`;
  const saved = () => {
    list.reload();
    navigate(home);
  };
  return html`
    <${PageHead} title="Data entity mappings" intro="A mapping says what each code of a SIS stands for. Every integration picks one for each entity.">${add}<//>
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by name" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
      <${Filter} label="Entity" value=${list.query["entity"] ?? ""} options=${ENTITIES} onChange=${(/** @type {string} */ entity) => list.filter({ entity })} />
      <${Toggle} label="Include inactive" checked=${list.query["include_inactive"] === "true"} onChange=${(/** @type {boolean} */ on) => list.filter({ include_inactive: on })} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table}
          caption="Data entity mappings"
          columns=${columns(usedBy)}
          rows=${list.rows}
          loading=${list.loading}
          sort=${list.sort}
          onSort=${list.onSort}
          empty=${nothing(list.query)}
        />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
    ${rest[0] && html`<${MappingDialog} key=${rest[0]} id=${rest[0]} usedBy=${usedBy(rest[0])} onClose=${() => navigate(home)} onSaved=${saved} />`}
  `;
}

/** @param {string} id */
const to = (id) => addressOf(district.value?.id ?? "", "mappings", id) + location.search;

/**
 * @param {(id: string) => import("../../types.js").Integration[]} usedBy
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (usedBy) => [
  { key: "name", title: "Name", sorts: true, render: (row) => html`<strong>${row.name}</strong>` },
  { key: "entity", title: "Entity", sorts: true, render: (row) => titleOf(row.entity) },
  { key: "entry_count", title: "Rows", align: "end", render: (row) => row.entry_count.toLocaleString("en-US") },
  { key: "used", title: "Used by", render: (row) => html`<span class="muted">${usedBy(row.id).map((one) => one.name).join(", ") || "Nobody"}</span>` },
  { key: "active", title: "Active", sorts: true, render: (row) => html`<${Badge} tone=${row.active ? "good" : "plain"} label=${row.active ? "Active" : "Inactive"} />` },
  { key: "updated_at", title: "Changed", sorts: true, render: (row) => html`<time class="muted" datetime=${row.updated_at}>${date(row.updated_at)}</time>` },
  { key: "actions", title: "", hidden: "Actions", render: (row) => html`<${Button} label=${`Edit ${row.name}`} icon="pencil" iconOnly kind="quiet" onClick=${() => navigate(to(row.id))} />` },
];

/** @param {Record<string, string>} query */
const nothing = (query) =>
  query["search"] || query["entity"]
    ? html`<${Empty} title="Nothing found">No mapping fits. Try fewer letters or all entities, or include inactive ones.<//>`
    : html`<${Empty} title="No mappings yet">Begin with buildings and grades: students of a school or grade without a mapping are not loaded. A connection test suggests the rest.<//>`;
