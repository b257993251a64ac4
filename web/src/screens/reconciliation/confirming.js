// Where the reconciliation stands, and the last step: to confirm it.
import { useState } from "../../../vendor/preact-hooks.js";
import { download, post } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { toast, toastError } from "../../components/toast.js";
import { html } from "../../html.js";
import { reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";

/** @typedef {import("../../types.js").ReconciliationSummary} Summary */

/** @type {Record<Summary["state"], [import("../../components/badge.js").Tone, string]>} */
const STATES = { open: ["warn", "Open"], clean: ["busy", "Ready to confirm"], confirmed: ["good", "Confirmed"] };

/**
 * @param {{school: import("../../types.js").ReturningSchool, summary: Summary, path: string, upload: import("../../types.js").Children,
 *   outdated: boolean, onConfirmed: () => void}} props
 */
export function ConfirmPanel({ school, summary, path, upload, outdated, onConfirmed }) {
  const [asking, setAsking] = useState(false);
  const [fetching, setFetching] = useState(false);
  const [tone, word] = STATES[summary.state];
  const fetchList = async () => {
    setFetching(true);
    try {
      await download(`${path}/update-host-ids.csv`, "update-host-ids.csv");
    } catch (error) {
      toastError(error);
    } finally {
      setFetching(false);
    }
  };
  return html`<section class="standing" aria-label=${`Reconciliation of ${school.name}`}>
    <div class="standing-main">
      <h2>${school.name} <${Badge} tone=${tone} label=${word} /></h2>
      <p>${wordsOf(summary)}</p>
      <p class="muted">Last changed by ${summary.updated_by}, ${dateTime(summary.updated_at)}</p>
    </div>
    <div class="standing-actions">
      ${upload}
      ${summary.confirmed && html`<${Button} label="Download update-host-ids.csv" icon="down" kind=${summary.state === "confirmed" ? "primary" : "secondary"} busy=${fetching} onClick=${fetchList} />`}
      ${summary.state !== "confirmed" && html`<${Button} label="Confirm…" icon="check" kind="primary" denied=${against(summary, outdated)} onClick=${() => setAsking(true)} />`}
    </div>
    ${asking && html`<${ConfirmDialog} school=${school} summary=${summary} path=${path} onClose=${() => setAsking(false)} onConfirmed=${() => {
      setAsking(false);
      onConfirmed();
    }} />`}
  </section>`;
}

/** @param {Summary} summary */
function wordsOf(summary) {
  if (summary.state === "confirmed") return `Confirmed by ${summary.confirmed?.by}. Update the host IDs in the media application from the list, in its order, then sync.`;
  const syncs = summary.syncs ? " Syncs go on with what was confirmed before." : "";
  const colliding = summary.counts["colliding"];
  if (colliding) return `${capital(users(colliding))} ${colliding === 1 ? "collides" : "collide"} and must be decided before you can confirm.${syncs}`;
  if (summary.open) return `${capital(users(summary.open))} ${summary.open === 1 ? "is" : "are"} open. Decide about them, or leave them out when you confirm.${syncs}`;
  return `Everybody is decided.${syncs}`;
}

/** @param {Summary} summary @param {boolean} outdated */
function against(summary, outdated) {
  if (summary.counts["colliding"]) return "Users collide. Decide who they are, or retire them, first.";
  return reasonAgainst("admin") || (outdated ? "Compare with the newest run first." : "");
}

/** @param {{school: import("../../types.js").ReturningSchool, summary: Summary, path: string, onClose: () => void, onConfirmed: () => void}} props */
function ConfirmDialog({ school, summary, path, onClose, onConfirmed }) {
  const [saving, setSaving] = useState(false);
  const count = (/** @type {string} */ state) => summary.counts[/** @type {keyof Summary["counts"]} */ (state)] ?? 0;
  const confirm = async () => {
    setSaving(true);
    try {
      await post(`${path}/confirm`, summary.open ? { accept_unmatched: summary.open } : {}, { version: summary.version });
      toast(`${school.name} is reconciled. Syncs may begin.`);
      onConfirmed();
    } catch (error) {
      setSaving(false);
      toastError(error);
    }
  };
  return html`<${Dialog}
    title=${`Confirm the host IDs of ${school.name}?`}
    busy=${saving}
    onClose=${onClose}
    footer=${html`<${Button} label="Cancel" onClick=${onClose} autoFocus /><${Button} label=${summary.open ? `Confirm and leave ${users(summary.open)} out` : "Confirm"} kind="primary" busy=${saving} onClick=${confirm} />`}
  >
    <div class="stacked">
      <p>This is what happens then:</p>
      <ul class="outcomes">
        <li><strong>${count("matched").toLocaleString("en-US")}</strong> stay as they are: their host ID is right.</li>
        <li><strong>${count("mapped").toLocaleString("en-US")}</strong> need a new host ID. You get a list to update them by in the media application, before the sync.</li>
        <li><strong>${count("retired").toLocaleString("en-US")}</strong> are retired: nobody’s accounts, un-invited and never deleted.</li>
        ${summary.open > 0 && html`<li><strong>${summary.open.toLocaleString("en-US")}</strong> are open and are left out: their accounts belong to nobody in the SIS, and whoever has their e-mail address is not let in a second time.</li>`}
        <li><strong>${count("missing").toLocaleString("en-US")}</strong> of the SIS have no account and get one with the first sync.</li>
      </ul>
      <p>Syncs of ${school.name} may begin from now on. A host ID is for ever, so update the list in the media application first.</p>
    </div>
  <//>`;
}

/** @param {number} count */
const users = (count) => (count === 1 ? "one user" : `${count.toLocaleString("en-US")} users`);

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
