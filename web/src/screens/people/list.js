import { useEffect } from "../../../vendor/preact-hooks.js";
import { all, get } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Empty, LoadError, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { Filter, Search, Toolbar } from "../../components/toolbar.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, MEMBERS } from "../../people.js";
import { query } from "../../router.js";
import { at } from "../../session.js";
import { PersonLink, rememberList } from "./links.js";

const STATUSES = [
  { value: "active", title: "Active" },
  { value: "ended", title: "Ended" },
];

/** Everybody whom the integrations have brought, by name. */
export function List() {
  const list = useList(at("/people"), { filters: ["type", "school", "status"] });
  const { data: schools } = useLoad(schoolsOf, []);
  useEffect(rememberList, [query.value]);
  const choose = (/** @type {string} */ name) => (/** @type {string} */ value) => list.filter({ [name]: value });
  return html`
    <${PageHead} title="People" intro="Students, staff and parents as the last syncs left them. Open a person to see where each value comes from, and to protect or correct it." />
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by last name or any ID" value=${list.query["search"] ?? ""} onSearch=${choose("search")} />
      <${Filter} label="Type" value=${list.query["type"] ?? ""} options=${MEMBERS} onChange=${choose("type")} />
      <${Filter} label="School" value=${list.query["school"] ?? ""} options=${withChosen(schools ?? [], list.query["school"])} onChange=${choose("school")} />
      <${Filter} label="Status" value=${list.query["status"] ?? ""} options=${STATUSES} onChange=${choose("status")} />
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="People" columns=${COLUMNS} rows=${list.rows} loading=${list.loading} empty=${nothing(list.query, Boolean(list.next))} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @type {import("../../components/table.js").Column[]} */
const COLUMNS = [
  { key: "name", title: "Name", render: (row) => html`<${PersonLink} person=${row} />` },
  { key: "type", title: "Type", render: (row) => MEMBER[/** @type {import("../../people.js").MemberType} */ (row.type)] },
  { key: "schools", title: "School", render: (row) => schoolsToday(row).join(", ") || html`<span class="muted">None</span>` },
  { key: "grade", title: "Grade", render: (row) => row.grade ?? html`<span class="muted">–</span>` },
  { key: "source_id", title: "SIS number", render: (row) => html`<span class="wrap">${row.source_id}</span>` },
  { key: "status", title: "Status", render: (row) => html`<${StatusBadge} status=${row.status} />` },
];

/** @param {{status: import("../../types.js").Person["status"]}} props */
export const StatusBadge = ({ status }) => html`<${Badge} tone=${status === "active" ? "good" : "plain"} label=${status === "active" ? "Active" : "Ended"} />`;

/** The schools that somebody belongs to today. @param {import("../../types.js").Person} person @returns {string[]} */
export const schoolsToday = (person) =>
  [...new Set([...person.schools, ...person.enrollments.filter((stay) => !stay.drop_date).map((stay) => stay.school)])].sort();

/** The schools of the district: what its building mappings make of the codes of the SIS. @param {AbortSignal} signal */
async function schoolsOf(signal) {
  /** @type {import("../../types.js").MappingHead[]} */
  const heads = await all(at("/mappings"), { query: { entity: "building" }, signal });
  /** @type {import("../../types.js").Mapping[]} */
  const mappings = await Promise.all(heads.map((head) => get(at(`/mappings/${head.id}`), { signal })));
  const names = new Set(mappings.flatMap((mapping) => mapping.entries.map((entry) => entry.value)));
  return [...names].sort().map((name) => ({ value: name, title: name }));
}

/** A school of the address stays chosen though no mapping names it any more. @param {{value: string, title: string}[]} schools @param {string | undefined} chosen */
const withChosen = (schools, chosen) =>
  !chosen || schools.some(({ value }) => value === chosen) ? schools : [...schools, { value: chosen, title: chosen }];

/** A page can be empty before the last: the API looks at so many people at a time. @param {Record<string, string>} query @param {boolean} more */
const nothing = (query, more) =>
  more
    ? html`<${Empty} title="Nobody on this page">Nobody among these fits. There are more: go on to the next page.<//>`
    : Object.values(query).some(Boolean)
      ? html`<${Empty} title="Nobody found">Nobody fits. Begin with the last name, or give an ID in full: of the SIS, the state, the point of sale or the host.<//>`
      : html`<${Empty} title="Nobody yet">People come with the first sync: add a SIS integration, test its connection, and run it.<//>`;
