// What waits for a person, and what is said about it.
import { useState } from "../../../vendor/preact-hooks.js";
import { user } from "../../auth.js";
import { post } from "../../api.js";
import { Button } from "../../components/button.js";
import { Notice } from "../../components/page.js";
import { ReasonDialog } from "../../components/reason-dialog.js";
import { toast } from "../../components/toast.js";
import { html } from "../../html.js";
import { setParams } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";
import { listed, people, reasonOf, total } from "./words.js";

/** @typedef {import("../../types.js").Run} Run */

/** Why part of a plan waits, and the way to decide about it. @param {{run: Run, name: string, leftOut: string[], onDone: (run: Run) => void}} props */
export function Hold({ run, name, leftOut, onDone }) {
  const [asking, setAsking] = useState(/** @type {"" | "approve" | "reject"} */ (""));
  const two = district.value?.two_person_approval ?? false;
  const mine = run.approvals.some(({ by }) => by === user.value?.name);
  const denied = reasonAgainst("operator");
  const waits = Object.entries(run.counts).filter(([, counts]) => counts.held > 0).map(([type, counts]) => people(type, counts.held));
  return html`<section class="hold" aria-labelledby="hold-title">
    <h2 id="hold-title">Part of this run waits for you</h2>
    <p>What does not have to wait has been written. ${total(run, "held") > 0 && html`The changes of <strong>${listed(waits)}</strong> wait:`}</p>
    <${Reasons} run=${run} />
    ${two && html`<p>${run.approvals.length ? `${run.approvals.map(({ by }) => by).join(", ")} approved already. One more person must do so.` : "Two people must approve this; one of them can be you."}</p>`}
    ${leftOut.length > 0 && html`<p>${leftOut.length === 1 ? "One family change is" : `${leftOut.length} family changes are`} left out of what you approve.</p>`}
    <div class="hold-actions">
      <${Button} label="Approve…" kind="primary" icon="check" denied=${denied || (mine ? "You have approved this run already; another person must do so too." : "")} onClick=${() => setAsking("approve")} />
      <${Button} label="Reject…" kind="danger" denied=${denied} onClick=${() => setAsking("reject")} />
      <${Button} label="Look at what waits" kind="quiet" onClick=${() => setParams({ tab: "changes", held: "true", kind: null, person_type: null, after: null })} />
    </div>
    ${asking === "approve" && html`<${Approve} run=${run} name=${name} leftOut=${leftOut} last=${!two || run.approvals.length > 0} waits=${waits} onClose=${() => setAsking("")} onDone=${onDone} />`}
    ${asking === "reject" && html`<${Reject} run=${run} name=${name} waits=${waits} onClose=${() => setAsking("")} onDone=${onDone} />`}
  </section>`;
}

/** Why part of a plan waits, or would. @param {{run: Run}} props */
export const Reasons = ({ run }) => html`<ul class="hold-reasons">${[...new Set(run.holds.map(({ reason }) => reason))].map(
  (reason) => html`<li key=${reason}><strong>${reasonOf(reason)}</strong>${run.holds.filter((hold) => hold.reason === reason).map(({ detail }) => html`<span key=${detail}>${detail}</span>`)}</li>`,
)}</ul>`;

/** @param {{run: Run, name: string, leftOut: string[], last: boolean, waits: string[], onClose: () => void, onDone: (run: Run) => void}} props */
function Approve({ run, name, leftOut, last, waits, onClose, onDone }) {
  const approve = async (/** @type {string} */ comment) => {
    const after = await post(at(`/runs/${run.id}/approve`), { plan_hash: run.plan_hash, comment, leave_out: leftOut });
    onClose();
    toast(last ? `${name}: what waited is being written.` : `${name}: your approval is noted. One more person must approve.`);
    onDone(after);
  };
  return html`<${ReasonDialog}
    title="Approve what waits?"
    label="Why may it go on?"
    onClose=${onClose}
    actions=${[{ label: last ? "Approve and write" : "Approve", kind: "primary", send: approve }]}
  >
    ${last
      ? html`<p>The changes of <strong>${listed(waits) || "everybody who waits"}</strong> are written now, just as this page shows them. Whoever is ended stays stored with their history, and you can undo the run afterwards.</p>`
      : html`<p>The changes of <strong>${listed(waits)}</strong> are written once a second person has approved too. Until then nothing happens.</p>`}
    ${leftOut.length > 0 && html`<${Notice} tone="warn"><p>${leftOut.length === 1 ? "One family change is" : `${leftOut.length} family changes are`} not made. The next sync asks about ${leftOut.length === 1 ? "it" : "them"} again.</p><//>`}
  <//>`;
}

/** @param {{run: Run, name: string, waits: string[], onClose: () => void, onDone: (run: Run) => void}} props */
function Reject({ run, name, waits, onClose, onDone }) {
  const reject = async (/** @type {string} */ comment) => {
    const after = await post(at(`/runs/${run.id}/reject`), { comment });
    onClose();
    toast(`${name}: what waited is not written.`);
    onDone(after);
  };
  return html`<${ReasonDialog} title="Reject what waits?" label="Why may it not go on?" onClose=${onClose} actions=${[{ label: "Reject", kind: "danger", send: reject }]}>
    <p>The changes of <strong>${listed(waits) || "everybody who waits"}</strong> are not written. What this run has written already stays. If the SIS still says the same, the next sync asks you again.</p>
  <//>`;
}

/** Who has decided about a run, and what they said. @param {{run: Run}} props */
export function Decisions({ run }) {
  const said = [
    ...run.approvals.map(({ leave_out, ...approval }) => ({ ...approval, what: "approved", left: leave_out.length })),
    ...(run.rejection ? [{ ...run.rejection, what: "rejected", left: 0 }] : []),
    ...(run.cancellation ? [{ ...run.cancellation, what: "cancelled", left: 0 }] : []),
  ];
  if (!said.length) return null;
  return html`<h3 class="decisions-title">Decisions</h3>
    <ul class="decisions">${said.map(
      ({ by, at: when, comment, what, left }) => html`<li key=${what + by + when}>
        <p><strong>${by}</strong> ${what} it, <time datetime=${when}>${dateTime(when)}</time></p>
        <p>“${comment}”</p>
        ${left > 0 && html`<p class="muted">${left === 1 ? "One family change was" : `${left} family changes were`} left out.</p>`}
      </li>`,
    )}</ul>`;
}
