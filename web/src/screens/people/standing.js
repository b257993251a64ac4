// A protection that stands: what it says, and its release.
import { useState } from "../../../vendor/preact-hooks.js";
import { remove } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { toast, toastError } from "../../components/toast.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { at, reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";
import { fieldTitle, plainDate } from "./words.js";

/** @typedef {import("../../types.js").Protection} Protection */

/** What is protected, as a list of words. @param {Protection} protection */
export const covered = ({ whole, fields }) => (whole ? "The whole person" : fields.map(fieldTitle).join(", "));

/** What was corrected, as a list of words. @param {Protection} protection */
export const corrected = ({ values }) => Object.keys(values).map(fieldTitle).join(", ");

/** How long it stands. @param {Protection} protection */
export const lasting = ({ until, in_force }) => (until ? `${in_force ? "Until" : "Was until"} ${plainDate(until)}` : "Until it is released");

/** A remark on a person's page. @param {{protection: Protection, onReleased: () => void}} props */
export const Standing = ({ protection, onReleased }) => html`
  <div class=${`notice ${protection.in_force ? "warn" : ""}`} role="note" aria-label="Protection">
    <p><strong>${protection.in_force ? "Protected from every sync" : "The protection is over"}: ${covered(protection)}.</strong> ${lasting(protection)}.</p>
    ${corrected(protection) && html`<p>Corrected by hand: ${corrected(protection)}.</p>`}
    <p>“${protection.reason}” <span class="muted">${protection.set_by}, ${dateTime(protection.set_at)}</span></p>
    <${Release} protection=${protection} onReleased=${onReleased} />
  </div>
`;

/** The button that ends a protection, after asking. @param {{protection: Protection, onReleased: () => void, named?: boolean}} props */
export function Release({ protection, onReleased, named = false }) {
  const [busy, setBusy] = useState(false);
  const release = async () => {
    if (!(await confirmRelease(protection))) return;
    setBusy(true);
    try {
      const { next_sync_at } = await remove(at(`/people/${protection.person_id}/protection`), { version: protection.version });
      toast(`${nameOf(protection)} is released. ${next_sync_at ? `The sync of ${dateTime(next_sync_at)}` : "The next sync"} takes the SIS’s values again.`);
      onReleased();
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };
  return html`<${Button} label=${named ? `Release ${nameOf(protection)}` : "Release"} short="Release" denied=${reasonAgainst("operator")} busy=${busy} onClick=${release} />`;
}

/** @param {Protection} protection */
const confirmRelease = (protection) =>
  confirm({
    title: `Release ${nameOf(protection)}?`,
    body: `The next sync takes the SIS’s values again: ${covered(protection)}. ${corrected(protection) ? "What was corrected by hand is lost. " : ""}The reason is forgotten; the audit keeps who released, and when.`,
    action: "Release",
    danger: true,
  });
