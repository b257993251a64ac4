import { today } from "../../calendar.js";
import { Button } from "../../components/button.js";
import { Empty } from "../../components/page.js";
import { Table } from "../../components/table.js";
import { Toggle } from "../../components/toolbar.js";
import { html } from "../../html.js";
import { addressOf, navigate, param, setParams } from "../../router.js";
import { district, reasonAgainst } from "../../session.js";
import { BlackoutDialog, remove } from "./blackout-form.js";
import { Kind } from "./kind.js";
import { Month } from "./month.js";
import { open } from "./panel.js";
import { bounds, pointInWords, rangeInWords } from "./ranges.js";

/** When nothing runs, or nobody is changed: on a calendar and as a list. @param {{rest: string[]}} props */
export function Blackouts({ rest }) {
  const { blackouts } = open();
  const denied = reasonAgainst("admin");
  const now = today();
  const past = param("past") === "true";
  const month = /^\d{4}-\d{2}$/.test(param("month")) ? param("month") : now.slice(0, 7);
  const listed = blackouts
    .map((blackout, at) => ({ id: String(at), ...blackout }))
    .filter((blackout) => past || bounds(blackout).ends > `${now}T00:00`)
    .sort((a, b) => bounds(a).begins.localeCompare(bounds(b).begins));
  const close = () => navigate(to());
  return html`
    <div class="blackouts-head">
      <p class="muted">In a blackout nothing runs, or people are only added. Jobs leave out the times that fall in one. Days and times are those of the district.</p>
      <${Button} label="Add blackout" icon="add" kind="primary" denied=${denied} onClick=${() => navigate(to("new"))} />
    </div>
    <${Month}
      month=${month}
      blackouts=${blackouts}
      denied=${denied}
      onMonth=${(/** @type {string} */ to_) => setParams({ month: to_ === now.slice(0, 7) ? null : to_ })}
      onAdd=${(/** @type {string} */ day) => navigate(to("new", { day }))}
      onOpen=${(/** @type {number} */ at) => navigate(to(String(at)))}
    />
    <div class="blackouts-head"><h2>All blackouts</h2><${Toggle} label="Include past" checked=${past} onChange=${(/** @type {boolean} */ on) => setParams({ past: on })} /></div>
    <${Table} caption="Blackouts" columns=${columns(denied)} rows=${listed} empty=${nothing(blackouts.length > 0)} />
    ${rest[0] && html`<${BlackoutDialog} key=${rest[0]} at=${rest[0] === "new" ? -1 : Number(rest[0])} day=${param("day", now)} onClose=${close} />`}
  `;
}

/** The address of the tab, or of one blackout in it. @param {string} [id] @param {Record<string, string>} [more] */
function to(id, more = {}) {
  const query = new URLSearchParams(location.search);
  query.delete("day");
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return `${addressOf(district.value?.id ?? "", "settings", "blackouts", ...(id ? [id] : []))}${query.size ? `?${query}` : ""}`;
}

/** @param {string} denied @returns {import("../../components/table.js").Column[]} */
const columns = (denied) => [
  { key: "from", title: "From", render: (row) => pointInWords(row.from) },
  { key: "to", title: "To", render: (row) => html`${pointInWords(row.to)}${row.to.length === 10 && html`<span class="hidden">, the whole day</span>`}` },
  { key: "kind", title: "What", render: ({ kind }) => html`<${Kind} kind=${kind} />` },
  { key: "note", title: "Note", render: (row) => row.note || html`<span class="muted">None</span>` },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => html`
      <${Button} label=${`Edit the blackout ${rangeInWords(row)}`} icon="pencil" iconOnly kind="quiet" onClick=${() => navigate(to(row.id))} />
      <${Button} label=${`Delete the blackout ${rangeInWords(row)}`} icon="trash" iconOnly kind="quiet" denied=${denied} onClick=${() => remove(Number(row.id))} />
    `,
  },
];

/** @param {boolean} some */
const nothing = (some) =>
  some
    ? html`<${Empty} title="No blackouts to come">Those that are over are shown with “Include past”.<//>`
    : html`<${Empty} title="No blackouts yet">Add one for the days on which the SIS is worked on, such as the turn of the school year. Choose its first day on the calendar.<//>`;
