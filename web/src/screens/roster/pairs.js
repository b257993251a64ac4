// Parents who may be members of staff: asked once, and remembered.
import { useState } from "../../../vendor/preact-hooks.js";
import { get, put } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, Notice } from "../../components/page.js";
import { Pager, Table } from "../../components/table.js";
import { toast, toastError } from "../../components/toast.js";
import { useList, useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { at, reasonAgainst } from "../../session.js";
import { date } from "../../time.js";

/** @typedef {import("../../types.js").Brief} Brief */

/** @param {{run: import("../../types.js").Run}} props */
export function Candidates({ run }) {
  const list = useList(at(`/runs/${run.id}/staff-parents`));
  const [saving, setSaving] = useState("");
  const denied = reasonAgainst("operator");
  const decide = async (/** @type {import("../../types.js").TwinCandidate} */ pair, /** @type {boolean} */ same) => {
    setSaving(pair.contact.id);
    try {
      await put(at(`/people/${pair.contact.id}/same-as`), { staff_id: same ? pair.staff.id : null });
      toast(`${nameOf(pair.contact)}: ${same ? "one person" : "two people"}. The next run follows.`);
      list.reload();
    } catch (error) {
      toastError(error);
    } finally {
      setSaving("");
    }
  };
  return html`<div class="stacked">
    ${denied && html`<${Notice}>You can read this but not decide. ${denied}<//>`}
    <p class="intro">These parents have the name of a member of staff, but another e-mail address. If they are one person, the staff account stands for both; if not, each keeps an account.</p>
    ${list.error
      ? html`<${LoadError} error=${list.error} onRetry=${list.reload} />`
      : html`<${Table}
          caption="Staff who may be parents"
          columns=${columns(denied, saving, decide)}
          rows=${list.rows}
          loading=${list.loading}
          keyOf=${(/** @type {import("../../types.js").TwinCandidate} */ pair) => pair.contact.id}
          empty=${html`<${Empty} title="Nobody to decide about">${list.next ? "There is nobody on this page. Go to the next one." : "No parent of this run has the name of a member of staff under another e-mail address. Where name and address agree, they are one person already."}<//>`}
        />`}
    <${Pager} previous=${list.previous} next=${list.next} count=${list.rows?.length} />
  </div>`;
}

/**
 * @param {string} denied
 * @param {string} saving whose decision is on its way
 * @param {(pair: import("../../types.js").TwinCandidate, same: boolean) => void} decide
 * @returns {import("../../components/table.js").Column[]}
 */
const columns = (denied, saving, decide) => [
  { key: "contact", title: "Parent", render: (row) => html`<${Who} person=${row.contact} />` },
  { key: "staff", title: "Member of staff", render: (row) => html`<${Who} person=${row.staff} />` },
  { key: "decision", title: "Decision", render: (row) => html`<${Decision} decision=${row.decision} />` },
  {
    key: "actions",
    title: "",
    hidden: "Actions",
    render: (row) => html`<span class="button-pair">
      <${Button} label=${`${nameOf(row.contact)}: one person`} short="One person" busy=${saving === row.contact.id} denied=${denied || (row.decision?.staff_id ? "It is decided so." : "")} onClick=${() => decide(row, true)} />
      <${Button} label=${`${nameOf(row.contact)}: two people`} short="Two people" busy=${saving === row.contact.id} denied=${denied || (row.decision && !row.decision.staff_id ? "It is decided so." : "")} onClick=${() => decide(row, false)} />
    </span>`,
  },
];

/** What was decided before, to be looked at and changed. */
export function Decided() {
  const { data, error, loading, reload } = useLoad((signal) => get(at("/staff-parents"), { signal }), []);
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  return html`<${Table}
    caption="Decisions"
    columns=${DECIDED}
    rows=${data}
    loading=${loading}
    keyOf=${(/** @type {import("../../types.js").Twin} */ twin) => twin.contact_id}
    empty=${html`<${Empty} title="Nothing decided yet">Decisions about staff who may be parents stand here, and count for every run.<//>`}
  />`;
}

/** @type {import("../../components/table.js").Column[]} */
const DECIDED = [
  { key: "contact", title: "Parent", render: (row) => html`<${Who} person=${row.contact} />` },
  { key: "staff", title: "Member of staff", render: (row) => (row.staff_id ? html`<${Who} person=${row.staff} />` : html`<span class="muted">Nobody</span>`) },
  { key: "decision", title: "Decision", render: (row) => html`<${Decision} decision=${row} />` },
  { key: "by", title: "By", render: (row) => html`<span class="muted wrap">${row.decided_by}</span>` },
];

/** @param {{person: Brief | null}} props */
const Who = ({ person }) =>
  person
    ? html`<span class="stack"><strong>${nameOf(person)}</strong><span class="muted wrap">${[person.email ?? "No e-mail", ...person.schools].join(" · ")}</span></span>`
    : html`<span class="muted">No longer known</span>`;

/** @param {{decision: import("../../types.js").Twin | null}} props */
const Decision = ({ decision }) =>
  decision
    ? html`<span class="stack"><${Badge} tone=${decision.staff_id ? "good" : "plain"} label=${decision.staff_id ? "One person" : "Two people"} /><time class="muted" datetime=${decision.decided_at}>${date(decision.decided_at)}</time></span>`
    : html`<${Badge} tone="warn" label="Open" />`;
