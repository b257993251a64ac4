import { get } from "../../api.js";
import { Empty, LoadError, Notice } from "../../components/page.js";
import { Table } from "../../components/table.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, param, setParams } from "../../router.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { systems } from "../integrations/systems.js";
import { titleOf } from "../mappings/entities.js";
import { PersonLink } from "./links.js";
import { fieldTitle, inWords, plainDate } from "./words.js";

/** @typedef {import("../../types.js").FieldLineage} FieldLineage */

/** Where every value of a person comes from, by the newest sync or an older one. @param {{person: import("../../types.js").PersonDetail}} props */
export function Lineage({ person }) {
  const run = param("run");
  const { data, error, loading, reload } = useLoad((signal) => get(at(`/people/${person.id}/lineage`), { query: { run_id: run }, signal }), [person.id, run]);
  const { data: runs } = useLoad((signal) => get(at("/runs"), { query: { integration_id: person.integration_id, state: "completed", limit: 50 }, signal }), [person.integration_id]);
  const { data: titles } = useLoad((signal) => settingTitles(person.integration_id, signal), [person.integration_id]);
  const lineage = /** @type {import("../../types.js").Lineage | null} */ (data);
  /** @type {import("../../types.js").Run[]} */
  const syncs = (runs?.items ?? []).filter((/** @type {import("../../types.js").Run} */ one) => one.mode === "sync");
  const nowhere = error && "code" in error && error.code === "no_lineage";
  return html`
    <div class="toolbar">
      <label class="filter"><span>By the sync of</span>
        <select value=${run} onChange=${(/** @type {any} */ event) => setParams({ run: event.target.value })}>
          <option value="">the newest that counts</option>
          ${syncs.map((one) => html`<option key=${one.id} value=${one.id}>${dateTime(one.ended_at ?? one.queued_at)}</option>`)}
        </select>
      </label>
    </div>
    ${nowhere && html`<${Empty} title="Nothing to trace yet">${error.message}<//>`}
    ${error && !nowhere && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${!error && html`<div class="person-lineage">
      ${lineage && html`<${Said} lineage=${lineage} />`}
      <${Table} caption="Where values come from" columns=${columns(titles ?? {}, lineage?.current ? Object.keys(person.protection?.values ?? {}) : [])} rows=${lineage?.fields ?? null} loading=${loading} keyOf=${(/** @type {FieldLineage} */ row) => row.field} />
      ${lineage && html`<${Records} records=${lineage.records} />`}
    </div>`}
  `;
}

/** What is to be known of the whole. @param {{lineage: import("../../types.js").Lineage}} props */
const Said = ({ lineage }) => html`
  <p class="muted">${lineage.current ? "These are the values that are stored now." : "This is what that sync made of the records; what is stored now may be newer."} The files it is read from are kept until ${dateTime(lineage.kept_until)}.</p>
  ${!lineage.complete && html`<${Notice} tone="warn">This person’s records hold more values than are tried out, so some sources may be missing here.<//>`}
  ${lineage.issues.length > 0 && html`<${Notice} tone="warn">Something was wrong with the records: ${lineage.issues.join(", ")}.<//>`}
`;

/** Fields that hold another person's id, which says nothing to a reader. */
const POINTS_AT_PERSON = /\.(person_id|same_as)$/;

/** @param {Record<string, string>} titles @param {string[]} written fields that were corrected by hand @returns {import("../../components/table.js").Column[]} */
const columns = (titles, written) => [
  { key: "field", title: "Field", render: (row) => html`<strong>${fieldTitle(row.field)}</strong>` },
  { key: "value", title: "Value", render: (row) => html`<span class="wrap">${POINTS_AT_PERSON.test(row.field) && row.value ? html`<${PersonLink} person=${{ id: row.value, first_name: "Their page" }} />` : inWords(row.value)}</span>` },
  { key: "why", title: "Where it comes from", render: (row) => (written.includes(row.field.split(".")[0]) ? "It was corrected by hand." : html`<${Why} field=${row} titles=${titles} />`) },
];

/** How many raw values are told of at once: a family or a contact may hang on dozens. */
const TOLD = 3;

/** From the SIS's own words to ours, in sentences. @param {{field: FieldLineage, titles: Record<string, string>}} props */
const Why = ({ field, titles }) => html`<ul class="person-why">
  ${field.sources.slice(0, TOLD).map(raw)}
  ${field.sources.length > TOLD && html`<li><details><summary>${field.sources.length - TOLD} more values of the SIS</summary><ul class="person-why">${field.sources.slice(TOLD).map(raw)}</ul></details></li>`}
  ${field.translations.map((entry) => html`<li key=${`${entry.mapping_id} ${entry.external}`}>
    <a href=${addressOf(district.value?.id ?? "", "mappings", entry.mapping_id)}>${entry.mapping_name}</a> (${titleOf(entry.entity)}, version ${entry.version}) makes <q>${entry.value}</q> of <q>${entry.entry}</q>${MATCHED[entry.matched]}
  </li>`)}
  ${field.settings.map((name) => html`<li key=${name}>It hangs on the integration’s setting “${titles[name] ?? fieldTitle(name)}”.</li>`)}
  ${field.rule && html`<li>${field.rule.message}</li>`}
</ul>`;

/** @param {FieldLineage["sources"][number]} one */
function raw({ stream, record_id, path, value }) {
  const place = stream === "survey" ? "what it tells of itself" : html`${stream}, record <span class="wrap">${record_id}</span>`;
  return html`<li key=${`${stream} ${record_id} ${path}`}>The SIS says <q class="wrap">${value === null ? "nothing" : String(value)}</q> <span class="muted">in <code class="wrap">${path}</code> of ${place}</span></li>`;
}

/** How an entry of a mapping was found, where not as it is written. @type {Record<FieldLineage["translations"][number]["matched"], string>} */
const MATCHED = {
  exact: ".",
  ignore_case: ", whatever the case.",
  leading_zeros: ", whatever the leading zeros.",
  ignore_case_and_leading_zeros: ", whatever the case and the leading zeros.",
  blank: ", because the SIS says nothing.",
};

/** The titles of an integration's settings, as its form has them. @param {string} integration @param {AbortSignal} signal @returns {Promise<Record<string, string>>} */
async function settingTitles(integration, signal) {
  const [{ system }, offered] = await Promise.all([get(at(`/integrations/${integration}`), { signal }), systems()]);
  const form = offered.find((one) => one.system === system)?.form.properties ?? {};
  return Object.fromEntries(Object.entries(form).map(([name, schema]) => [name, schema.title ?? name]));
}

/** @param {{records: import("../../types.js").Lineage["records"]}} props */
const Records = ({ records }) => html`<details>
  <summary>${records.length} ${records.length === 1 ? "record speaks" : "records speak"} of this person</summary>
  <ul class="person-words">${records.map((record) => html`<li key=${`${record.stream} ${record.id}`}>
    <code class="wrap">${record.stream} ${record.id}</code> <span class="muted">received on ${plainDate(record.received_on)}${record.carried_over ? ", by an earlier sync" : ""}</span>
  </li>`)}</ul>
</details>`;
