import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Search, Toggle, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { IntegrationDialog } from "./form.js";
import { LastRun, RunButton, hearQueued } from "./run.js";
import { systems } from "./systems.js";

/** SIS integrations: a list to search, and a form to add to it and change it. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const list = useList(at("/integrations"), { sort: "name" });
  const { data: offered } = useLoad(systems, []);
  useLoad(hearQueued, []);
  const denied = reasonAgainst("admin");
  const home = addressOf(district.value?.id ?? "", "integrations") + location.search;
  const add = html`<${Button} label="Add new SIS integration" icon="add" kind="primary" denied=${denied} onClick=${() => navigate(to("new"))} />`;
  return html`
    <${PageHead} title="SIS integrations" intro="Each integration reads people from one Student Information System. Add one, test it, then schedule it.">${add}<//>
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by name" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
      <${Toggle} label="Include inactive" checked=${list.query["include_inactive"] === "true"} onChange=${(/** @type {boolean} */ on) => list.filter({ include_inactive: on })} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table}
          caption="SIS integrations"
          columns=${columns(offered, list.reload)}
          rows=${offered && list.rows}
          loading=${list.loading}
          sort=${list.sort}
          onSort=${list.onSort}
          empty=${nothing(list.query)}
        />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
    ${rest[0] && offered && html`<${IntegrationDialog} key=${rest[0]} id=${rest[0]} systems=${offered} onClose=${() => navigate(home)} onSaved=${list.reload} />`}
  `;
}

/** @param {string} id */
const to = (id) => addressOf(district.value?.id ?? "", "integrations", id) + location.search;

/**
 * @param {import("../../types.js").System[] | null} offered
 * @param {() => void} reload
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (offered, reload) => [
  { key: "name", title: "Name", sorts: true, render: (row) => html`<strong>${row.name}</strong>` },
  { key: "system", title: "Student Information System", sorts: true, render: (row) => offered?.find((one) => one.system === row.system)?.title ?? row.system },
  { key: "url", title: "Url", sorts: true, render: (row) => html`<span class="muted wrap">${row.url}</span>` },
  { key: "active", title: "Active", sorts: true, render: (row) => html`<${Badge} tone=${row.active ? "good" : "plain"} label=${row.active ? "Active" : "Inactive"} />` },
  { key: "last_run", title: "Last run", render: (row) => html`<${LastRun} integration=${row} onEnd=${reload} />` },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => html`
      <${Button} label=${`Edit ${row.name}`} icon="pencil" iconOnly kind="quiet" onClick=${() => navigate(to(row.id))} />
      <${RunButton} integration=${row} onStarted=${reload} />
    `,
  },
];

/** @param {Record<string, string>} query */
const nothing = (query) =>
  query["search"]
    ? html`<${Empty} title="Nothing found">No integration’s name contains “${query["search"]}”. Try fewer letters, or include inactive ones.<//>`
    : html`<${Empty} title="No integrations yet">Add the SIS that your schools keep their records in: its address and what it signs us in with. You can test the connection before you save.<//>`;
