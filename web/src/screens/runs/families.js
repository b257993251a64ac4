// What becomes of families; while the run is held, which of it is not to be approved.
import { Badge } from "../../components/badge.js";
import { Empty, LoadError } from "../../components/page.js";
import { Pager } from "../../components/table.js";
import { Filter, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { at, district, reasonAgainst } from "../../session.js";
import { addressOf } from "../../router.js";
import { Csv } from "./changes.js";
import { FAMILY_KINDS, HELD, fieldTitle, listed } from "./words.js";

/** @typedef {import("../../types.js").FamilyChange} FamilyChange */

const KINDS = Object.entries(FAMILY_KINDS).map(([value, title]) => ({ value, title }));

/** @param {{run: import("../../types.js").Run, leftOut: string[], onLeaveOut: (ids: string[]) => void}} props */
export function Families({ run, leftOut, onLeaveOut }) {
  const list = useList(at(`/runs/${run.id}/families`), { filters: ["kind"] });
  const kind = list.query["kind"] ?? "";
  const toggle = (/** @type {string} */ id) => onLeaveOut(leftOut.includes(id) ? leftOut.filter((other) => other !== id) : [...leftOut, id]);
  return html`
    <${Toolbar} onReset=${list.reset}>
      <${Filter} label="Change" value=${kind} options=${KINDS} onChange=${(/** @type {string} */ value) => list.filter({ kind: value })} />
      <${Csv} path=${`/runs/${run.id}/families.csv`} query=${{ kind }} name=${`${run.id}-families.csv`} />
    <//>
    ${list.error && html`<${LoadError} error=${list.error} onRetry=${list.reload} />`}
    ${!list.error && list.rows && !list.rows.length && !list.next && html`<${Empty} title=${kind ? "Nothing found" : "No family changes"}>${kind ? "No family change fits. Choose all." : "Every student stays in the family that they were in. The first load of an integration is not listed."}<//>`}
    ${!list.error && list.rows && list.rows.length > 0 && html`<ul class="run-changes" aria-label="Family changes">${list.rows.map(
      (/** @type {any} */ change) => html`<${One} key=${change.id} change=${change} out=${leftOut.includes(change.id)} onToggle=${run.state === "held" && change.held === "waits" && !reasonAgainst("operator") ? () => toggle(change.id) : null} />`,
    )}</ul>`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  `;
}

/** @param {{change: FamilyChange, out: boolean, onToggle: (() => void) | null}} props */
function One({ change, out, onToggle }) {
  const held = change.held && HELD[change.held];
  return html`<li class="run-change">
    <header>
      <strong>${FAMILY_KINDS[change.kind]}</strong>
      ${held && html`<${Badge} tone=${held[0]} label=${held[1]} />`}
      ${change.implausible && html`<${Badge} tone="warn" label="Larger than a household" />`}
      ${onToggle && html`<label class="toggle leave-out"><input type="checkbox" checked=${out} onChange=${onToggle} /><span>Leave out of the approval</span></label>`}
    </header>
    <dl class="run-facts">
      <${Students} title="Join" students=${change.join} />
      <${Students} title="Leave" students=${change.leave} />
      <${Students} title="Stay" students=${change.stay} />
      ${change.agree.length > 0 && html`<div><dt>All agree in</dt><dd>${listed(change.agree.map(fieldTitle))}</dd></div>`}
      ${change.differ.length > 0 && html`<div><dt>Differ or are blank in</dt><dd>${listed(change.differ.map(fieldTitle))}</dd></div>`}
    </dl>
  </li>`;
}

/** @param {{title: string, students: FamilyChange["stay"]}} props */
const Students = ({ title, students }) =>
  students.length > 0 &&
  html`<div><dt>${title}</dt><dd class="names">${students.map((student) => html`<a key=${student.person_id} href=${addressOf(district.value?.id ?? "", "people", student.person_id)}>${nameOf(student, "A student")}</a>`)}</dd></div>`;
