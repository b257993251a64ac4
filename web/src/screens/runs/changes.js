// What a run changes in people: before and after side by side, what waited, and why somebody may be ended.
import { download } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError } from "../../components/page.js";
import { Pager } from "../../components/table.js";
import { toastError } from "../../components/toast.js";
import { Filter, Toggle, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBER, MEMBERS, nameOf } from "../../people.js";
import { at, district } from "../../session.js";
import { dateTime } from "../../time.js";
import { addressOf } from "../../router.js";
import { HELD, KINDS, fieldTitle } from "./words.js";

/** @typedef {import("../../types.js").Change} Change */

const KIND_OPTIONS = Object.entries(KINDS).map(([value, [, title]]) => ({ value, title }));
/** Of somebody who is new, what does not say who they are. */
const NOT_SHOWN = new Set(["id", "type", "status", "integration_id", "media", "photo", "source_id"]);

/** @param {{run: import("../../types.js").Run}} props */
export function Changes({ run }) {
  const list = useList(at(`/runs/${run.id}/changes`), { filters: ["kind", "person_type", "held"] });
  const { kind, person_type, held } = /** @type {Record<"kind" | "person_type" | "held", string>} */ (list.query);
  const narrowed = kind || person_type || held;
  return html`
    <${Toolbar} onReset=${list.reset}>
      <${Filter} label="Change" value=${kind} options=${KIND_OPTIONS} onChange=${(/** @type {string} */ value) => list.filter({ kind: value })} />
      <${Filter} label="People" value=${person_type} options=${MEMBERS} onChange=${(/** @type {string} */ value) => list.filter({ person_type: value })} />
      <${Toggle} label="Only what waited" checked=${held === "true"} onChange=${(/** @type {boolean} */ on) => list.filter({ held: on })} />
      <${Csv} path=${`/runs/${run.id}/changes.csv`} query=${{ kind, person_type, held }} name=${`${run.id}-changes.csv`} />
    <//>
    ${list.error && html`<${LoadError} error=${list.error} onRetry=${list.reload} />`}
    ${!list.error && !list.rows && html`<div class="run-changes waiting" aria-hidden="true"></div>`}
    ${!list.error && list.rows && !list.rows.length && !list.next && html`<${Empty} title=${narrowed ? "Nothing found" : "Nothing changes"}>${narrowed ? "No change fits. Choose all changes and all people to see every one." : "What the SIS says is what is stored already."}<//>`}
    ${!list.error && list.rows && list.rows.length > 0 && html`<ul class="run-changes" aria-label="Changes" aria-busy=${list.loading ? "true" : "false"}>${list.rows.map((/** @type {any} */ change) => html`<${One} key=${change.person_id} change=${change} />`)}</ul>`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** A file of what the filters let through. @param {{path: string, query: Record<string, string>, name: string}} props */
export function Csv({ path, query, name }) {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  const fetchIt = () => download(at(`${path}${given.size ? `?${given}` : ""}`), name).catch(toastError);
  return html`<${Button} label="Download as CSV" icon="down" onClick=${fetchIt} />`;
}

/** @param {{change: Change}} props */
function One({ change }) {
  const [tone, word] = KINDS[change.kind];
  const held = change.held && HELD[change.held];
  return html`<li class="run-change">
    <header>
      <${Badge} tone=${tone} label=${word} />
      <div class="stack">
        <a href=${addressOf(district.value?.id ?? "", "people", change.person_id)}><strong>${nameOf(change.after)}</strong></a>
        <span class="muted">${MEMBER[change.type]} <code>${change.after.source_id}</code></span>
      </div>
      ${held && html`<${Badge} tone=${held[0]} label=${held[1]} />`}
    </header>
    ${change.before && change.fields.length > 0
      ? html`<${Difference} change=${change} before=${change.before} />`
      : html`<details><summary>${change.before ? "What is stored" : "What is stored of them"}</summary><${Whole} person=${change.after} /></details>`}
    ${change.proofs && html`<${Why} proofs=${change.proofs} />`}
  </li>`;
}

/** @param {{change: Change, before: import("../../types.js").Change["after"]}} props */
const Difference = ({ change, before }) => html`<div class="difference">
  <table role="table">
    <caption class="hidden">What differs for ${nameOf(change.after)}</caption>
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Field</th><th role="columnheader" scope="col">Before</th><th role="columnheader" scope="col">After</th></tr></thead>
    <tbody role="rowgroup">${change.fields.map(
      (field) => html`<tr key=${field} role="row">
        <th role="rowheader" scope="row">${fieldTitle(field)}</th>
        <td role="cell" data-label="Before"><${Value} of=${/** @type {any} */ (before)[field]} /></td>
        <td role="cell" data-label="After"><${Value} of=${/** @type {any} */ (change.after)[field]} /></td>
      </tr>`,
    )}</tbody>
  </table>
</div>`;

/** @param {{person: Record<string, any>}} props */
const Whole = ({ person }) => html`<dl class="run-facts">${Object.entries(person)
  .filter(([name, value]) => !NOT_SHOWN.has(name) && value !== null && !(Array.isArray(value) && !value.length))
  .map(([name, value]) => html`<div key=${name}><dt>${fieldTitle(name)}</dt><dd><${Value} of=${value} /></dd></div>`)}</dl>`;

/** A stored value in a cell; a line for each of several. @param {{of: any}} props */
function Value({ of }) {
  const lines = (Array.isArray(of) ? of : [of]).map(text).filter(Boolean);
  return lines.length ? html`<span class="value">${lines.map((line) => html`<span>${line}</span>`)}</span>` : html`<span class="muted">blank</span>`;
}

/** @param {any} value @returns {string} */
function text(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== "" && part !== false && !(Array.isArray(part) && !part.length))
    .map(([name, part]) => (part === true ? fieldTitle(name).toLowerCase() : text(part)))
    .join(" · ");
}

/** Why somebody who is not in the file may be ended. @param {{proofs: import("../../types.js").Proofs}} props */
function Why({ proofs: { complete_pull: pull, mapped_building: building, threshold, approvals } }) {
  const { shares } = threshold;
  return html`<details><summary>Why this person ${approvals.length || (building.mapped && threshold.within) ? "may" : "would"} be ended</summary>
    <ul class="proofs">
      <li><${Badge} tone="good" label="Everything came" /><span>${pull.records.toLocaleString("en-US")} records in ${pull.parts.toLocaleString("en-US")} parts, complete on ${dateTime(pull.received_at)}${pull.announced === null ? "; the SIS does not say how many there are." : `; the SIS announced ${pull.announced.toLocaleString("en-US")}.`} This person was not among them.</span></li>
      <li><${Badge} tone=${building.mapped ? "good" : "warn"} label=${building.mapped ? "Building mapped" : "Building not mapped"} /><span>${building.schools.join(", ") || "No school"}, in version ${building.version} of the building mapping.</span></li>
      <li><${Badge} tone=${threshold.within ? "good" : "warn"} label=${threshold.within ? "Within the limits" : "Beyond a limit"} /><span>${shares.map((share) => `${share.ended} of ${share.of}${share.building ? ` in ${share.building}` : ""}${share.grade ? `, grade ${share.grade}` : ""}`).join("; ")} are ended. The limits are ${threshold.drop_percent} % and ${threshold.drop_building_count} in one building; up to ${threshold.floor} never wait.</span></li>
      ${approvals.map((one) => html`<li key=${one.by}><${Badge} tone="good" label="Approved" /><span>${one.by}, ${dateTime(one.at)}: “${one.comment}”</span></li>`)}
    </ul>
  </details>`;
}
