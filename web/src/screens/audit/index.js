import { useState } from "../../../vendor/preact-hooks.js";
import { download } from "../../api.js";
import { beginningOf, plusDays } from "../../calendar.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, Notice, PageHead } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { toastError } from "../../components/toast.js";
import { DayFilter, Filter, Search, Toolbar } from "../../components/toolbar.js";
import { useList } from "../../hooks.js";
import { html } from "../../html.js";
import { at, district, reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";
import { Subject, useNames } from "./subject.js";
import { ACTION_OPTIONS, actionInWords, fieldInWords, isCounted, valueInWords } from "./words.js";

const SHOWN = 3;
const FILTERS = ["actor", "what", "from", "to"];

/** The audit: who changed what, and when. */
export function Screen() {
  const denied = reasonAgainst("admin");
  return html`
    <${PageHead} title="Audit" intro="Who changed what, and when. Nothing is ever taken out, and no record holds a secret.">
      <${Download} denied=${denied} />
    <//>
    ${denied ? html`<${Notice}>The audit is shown to administrators only. ${denied}<//>` : html`<${Records} />`}
  `;
}

/** The days of the address are the district's; the API is asked for moments. @param {Record<string, string>} query */
const asking = ({ actor = "", what = "", from = "", to = "" }) => ({
  actor,
  what,
  from: from && beginningOf(from),
  to: to && beginningOf(plusDays(to, 1)),
});

function Records() {
  const list = useList(at("/audit"), { filters: FILTERS, asking });
  /** @type {import("../../types.js").AuditRecord[] | null} */
  const records = list.rows;
  const names = useNames(records ?? []);
  const value = (/** @type {string} */ name) => list.query[name] ?? "";
  return html`
    <${Toolbar} onReset=${list.reset}>
      <${Search} label="Search by who did it" value=${value("actor")} onSearch=${(/** @type {string} */ actor) => list.filter({ actor })} />
      <${Filter} label="What" value=${value("what")} options=${ACTION_OPTIONS} onChange=${(/** @type {string} */ what) => list.filter({ what })} />
      <span class="days">
        <${DayFilter} label="From" value=${value("from")} onChange=${(/** @type {string} */ from) => list.filter({ from })} />
        <${DayFilter} label="To" value=${value("to")} onChange=${(/** @type {string} */ to) => list.filter({ to })} />
      </span>
    <//>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table} caption="Audit" columns=${columns(names)} rows=${records} loading=${list.loading} empty=${nothing} />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${records?.length} />
  `;
}

// The district's own creation is always on record, so an empty list is one that was narrowed.
const nothing = html`<${Empty} title="Nothing found">Nobody did that at that time. Choose more days, or everything.<//>`;

/** The list as it is narrowed, as a file. @param {{denied: string}} props */
function Download({ denied }) {
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    const address = new URLSearchParams(location.search);
    const asked = asking(Object.fromEntries(FILTERS.map((name) => [name, address.get(name) ?? ""])));
    const query = new URLSearchParams(Object.entries(asked).filter(([, text]) => text));
    await download(`${at("/audit.csv")}${query.size ? `?${query}` : ""}`, `${district.value?.id}-audit.csv`).catch(toastError);
    setBusy(false);
  };
  return html`<${Button} label="Download CSV" icon="down" busy=${busy} denied=${denied} onClick=${save} />`;
}

/** @param {Map<string, string>} names @returns {import("../../components/table.js").Column[]} */
const columns = (names) => [
  { key: "at", title: "When", render: (row) => html`<time datetime=${row.at}>${dateTime(row.at)}</time>` },
  { key: "actor", title: "Who", render: (row) => html`<span>${breakable(row.actor)}</span>` },
  { key: "what", title: "What", render: (row) => html`<strong>${actionInWords(row.what)}</strong>` },
  { key: "subject", title: "About", render: (row) => html`<${Subject} record=${row} names=${names} />` },
  { key: "changes", title: "Changes", render: (row) => html`<${Changes} changes=${row.changes} names=${names} />` },
];

/** An address that may go on in the next line with its domain. @param {string} actor */
const breakable = (actor) => actor.split(/(?=@)/).map((part, at) => html`${at > 0 && html`<wbr />`}${part}`);

/** @typedef {import("./words.js").Change} Change */

/** @param {{changes: Change[], names: Map<string, string>}} props */
function Changes({ changes, names }) {
  const rest = changes.slice(SHOWN);
  const lines = (/** @type {Change[]} */ some) => html`<dl>${some.map((change) => html`<${OneChange} key=${change.field} change=${change} names=${names} />`)}</dl>`;
  return html`<div class="changes">
    ${lines(changes.slice(0, SHOWN))}
    ${rest.length > 0 && html`<details><summary>${rest.length} more</summary>${lines(rest)}</details>`}
  </div>`;
}

/** What was blank before shows what it is now alone. @param {{change: Change, names: Map<string, string>}} props */
const OneChange = ({ change, names }) => html`<div>
  <dt>${fieldInWords(change.field)}</dt>
  <dd>
    ${isCounted(change) && `${change.added} added, ${change.removed} removed`}
    ${!isCounted(change) &&
    html`${change.before !== null && html`<span class="before">${valueInWords(change.before, names)}</span><span aria-hidden="true"> → </span><span class="hidden"> became </span>`}
      <span class="after">${valueInWords(change.after, names)}</span>`}
  </dd>
</div>`;
