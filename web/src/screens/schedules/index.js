import { all } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Search, Toggle, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { hearQueued } from "../integrations/run.js";
import { at, district, reasonAgainst } from "../../session.js";
import { plannedTime } from "../../time.js";
import { ScheduleDialog } from "./form.js";
import { inWords } from "./frequency.js";
import { LastRuns, RunButton } from "./run.js";

/** The job scheduler: which integrations run when. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const list = useList(at("/schedules"), { sort: "name" });
  const { data: integrations, error, reload } = useLoad(
    /** @returns {Promise<import("../../types.js").Integration[]>} */ (signal) => all(at("/integrations"), { query: { include_inactive: true }, signal }),
    [],
  );
  useLoad(hearQueued, []);
  const denied = reasonAgainst("admin") || (integrations?.length === 0 ? "There is nothing to run yet. Add a SIS integration first." : "");
  const home = addressOf(district.value?.id ?? "", "schedules") + location.search;
  const saved = () => {
    list.reload();
    navigate(home);
  };
  const failed = list.error ?? error;
  return html`
    <${PageHead} title="Job scheduler" intro=${`A job runs integrations at fixed times, in the district’s time zone (${district.value?.time_zone}).`}>
      <${Button} label="Add new job" icon="add" kind="primary" denied=${denied} onClick=${() => navigate(to("new"))} />
    <//>
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by name" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
      <${Toggle} label="Include inactive" checked=${list.query["include_inactive"] === "true"} onChange=${(/** @type {boolean} */ on) => list.filter({ include_inactive: on })} />
    <//>
    ${failed
      ? html`<${LoadError} error=${failed} onRetry=${list.error ? list.reload : reload} />`
      : html`<${Table}
          caption="Jobs"
          columns=${columns(integrations ?? [], list.reload)}
          rows=${integrations && list.rows}
          loading=${list.loading}
          sort=${list.sort}
          onSort=${list.onSort}
          empty=${nothing(list.query, integrations ?? [])}
        />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
    ${rest[0] && integrations && html`<${ScheduleDialog} key=${rest[0]} id=${rest[0]} integrations=${integrations} onClose=${() => navigate(home)} onSaved=${saved} />`}
  `;
}

/** @param {string} id */
const to = (id) => addressOf(district.value?.id ?? "", "schedules", id) + location.search;

/**
 * @param {import("../../types.js").Integration[]} integrations
 * @param {() => void} reload
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (integrations, reload) => {
  const nameOf = (/** @type {string} */ id) => integrations.find((one) => one.id === id)?.name ?? id;
  return [
    {
      key: "name",
      title: "Name",
      sorts: true,
      render: (row) => html`<span class="stack"><strong>${row.name}</strong><span class="muted">${inWords(row.frequency)}</span></span>`,
    },
    { key: "integrations", title: "Integrations", render: (row) => row.integration_ids.map(nameOf).join(", ") },
    {
      key: "next_run_at",
      title: "Next run",
      sorts: true,
      render: (row) => (row.next_run_at ? html`<time class="planned" datetime=${row.next_run_at}>${plannedTime(row.next_run_at)}</time>` : html`<span class="muted">None</span>`),
    },
    { key: "last_run", title: "Last run", render: (row) => html`<${LastRuns} schedule=${row} nameOf=${nameOf} onEnd=${reload} />` },
    { key: "active", title: "Active", sorts: true, render: (row) => html`<${Badge} tone=${row.active ? "good" : "plain"} label=${row.active ? "Active" : "Inactive"} />` },
    {
      key: "actions",
      title: "",
      hidden: "Actions",
      render: (row) => html`
        <${Button} label=${`Edit ${row.name}`} icon="pencil" iconOnly kind="quiet" onClick=${() => navigate(to(row.id))} />
        <${RunButton} schedule=${row} />
      `,
    },
  ];
};

/** @param {Record<string, string>} query @param {import("../../types.js").Integration[]} integrations */
function nothing(query, integrations) {
  if (query["search"]) return html`<${Empty} title="Nothing found">No job’s name contains “${query["search"]}”. Try fewer letters, or include inactive ones.<//>`;
  if (integrations.length) return html`<${Empty} title="No jobs yet">Add a job that runs your integrations every night, when nobody works in the SIS. Its next five times are shown before you save.<//>`;
  const first = addressOf(district.value?.id ?? "", "integrations");
  return html`<${Empty} title="No jobs yet">A job runs SIS integrations, and there is none yet. <a href=${first}>Add an integration first</a>.<//>`;
}
