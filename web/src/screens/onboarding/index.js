import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Search, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { SchoolDialog } from "./form.js";
import { School } from "./school.js";

/** School onboarding: from portal link and organization ID to a school that is live, as a checklist. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  return rest[0] && rest[0] !== "new" ? html`<${School} key=${rest[0]} id=${rest[0]} />` : html`<${Schools} beginning=${rest[0] === "new"} />`;
}

/** @param {string[]} rest */
const to = (...rest) => addressOf(district.value?.id ?? "", "onboarding", ...rest);

/** @param {{beginning: boolean}} props */
function Schools({ beginning }) {
  const list = useList(at("/onboardings"));
  const begin = html`<${Button} label="Begin with a school" icon="add" kind="primary" denied=${reasonAgainst("admin")} onClick=${() => navigate(to("new") + location.search)} />`;
  return html`
    <${PageHead} title="School onboarding" intro="A school on PowerSchool gets a plugin of its own. The checklist leads from its portal link to the first sync.">${begin}<//>
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by name" value=${list.query["search"] ?? ""} onSearch=${(/** @type {string} */ search) => list.filter({ search })} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Schools" columns=${COLUMNS} rows=${list.rows} loading=${list.loading} empty=${nothing(list.query)} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
    ${beginning && html`<${SchoolDialog} onClose=${() => navigate(to() + location.search)} onSaved=${(/** @type {import("../../types.js").Onboarding} */ made) => navigate(to(made.id))} />`}
  `;
}

/** @type {import("../../components/table.js").Column[]} */
const COLUMNS = [
  { key: "name", title: "Name", render: (row) => html`<a class="row-link" href=${to(row.id)}><strong>${row.name}</strong></a>` },
  { key: "organization_id", title: "Organization ID", render: (row) => html`<code>${row.organization_id}</code>` },
  { key: "portal_url", title: "Portal link", render: (row) => html`<span class="muted wrap">${row.portal_url}</span>` },
  { key: "steps", title: "Steps done", align: "end", render: (row) => `${done(row)} of ${row.steps.length}` },
  {
    key: "next_step",
    title: "Next",
    render: (row) => row.steps.find((/** @type {import("../../types.js").OnboardingStep} */ step) => step.name === row.next_step)?.label ?? html`<${Badge} tone="good" label="Live" />`,
  },
];

/** @param {import("../../types.js").Onboarding} school */
const done = (school) => school.steps.filter((step) => step.done).length;

/** @param {Record<string, string>} query */
const nothing = (query) =>
  query["search"]
    ? html`<${Empty} title="Nothing found">No school’s name contains “${query["search"]}”.<//>`
    : html`<${Empty} title="No schools yet">Ask the school for its portal link and its organization ID in PowerSchool. With these two you can begin.<//>`;
