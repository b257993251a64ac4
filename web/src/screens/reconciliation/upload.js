import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, put } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirmLeaving } from "../../components/confirm.js";
import { Dialog } from "../../components/dialog.js";
import { FileDrop } from "../../components/file-drop.js";
import { toast } from "../../components/toast.js";
import { html } from "../../html.js";

const MAX_BYTES = 4_000_000;
const SHOWN_FAULTS = 12;

/** The users of the media application, as one list or two. @param {{path: string, version?: number, onClose: () => void, onUploaded: () => void}} props */
export function UploadDialog({ path, version, onClose, onUploaded }) {
  const [csv, setCsv] = useState("");
  const [pairs, setPairs] = useState("");
  const [failure, setFailure] = useState(/** @type {{message: string, faults: import("../../types.js").FieldFault[]} | null} */ (null));
  const [sending, setSending] = useState(false);
  const close = async () => {
    if (!(csv.trim() || pairs.trim()) || (await confirmLeaving())) onClose();
  };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (sending) return;
    if (!csv.trim() && !pairs.trim()) return setFailure({ message: "Choose a file, or paste the rows.", faults: [] });
    if (new Blob([csv, pairs]).size > MAX_BYTES) return setFailure({ message: "The lists are larger than 4 MB. Leave columns out that are not needed.", faults: [] });
    setSending(true);
    setFailure(null);
    try {
      const summary = await put(path, { csv, pairs }, version === undefined ? {} : { version });
      const users = Object.entries(summary.counts).reduce((sum, [state, count]) => sum + (state === "missing" ? 0 : Number(count)), 0);
      toast(`${users.toLocaleString("en-US")} users are uploaded and compared.`);
      onUploaded();
    } catch (error) {
      setSending(false);
      const told = error instanceof Problem ? error : null;
      if (told?.code === "stale_version") setFailure({ message: "Somebody else has changed this meanwhile. Close the form and open it again.", faults: [] });
      else if (told?.errors.length) setFailure({ message: "Nothing was uploaded. These cells need your attention:", faults: told.errors });
      else setFailure({ message: error instanceof Error ? error.message : String(error), faults: [] });
    }
    return undefined;
  };
  const faults = failure?.faults ?? [];
  return html`<${Dialog}
    title=${version === undefined ? "Upload the users" : "Upload another list"}
    busy=${sending}
    onClose=${close}
    footer=${html`<${Button} label="Cancel" onClick=${close} /><${Button} label="Upload and compare" kind="primary" type="submit" form="upload" busy=${sending} />`}
  >
    <form id="upload" class="stacked" noValidate onSubmit=${send}>
      ${failure && html`<div class="notice bad" role="alert">
        <p><strong>${failure.message}</strong></p>
        ${faults.length > 0 && html`<ul>${faults.slice(0, SHOWN_FAULTS).map((fault) => html`<li key=${fault.field}>${whereOf(fault.field)}: ${fault.message}</li>`)}</ul>`}
        ${faults.length > SHOWN_FAULTS && html`<p>And ${faults.length - SHOWN_FAULTS} more.</p>`}
      </div>`}
      ${version !== undefined && html`<p class="muted">The new list replaces the one before. Decisions about users who are in both stay.</p>`}
      <${FileDrop}
        label="Users"
        value=${csv}
        onInput=${setCsv}
        placeholder="type,host_id,first_name,last_name,email"
        help="A header, then a row for each user: type (student, staff or parent) and host_id; where known first_name, last_name, email, opt_out and new_host_id."
      />
      <details>
        <summary>New host IDs are in a list of their own</summary>
        <${FileDrop} label="Old and new IDs" value=${pairs} onInput=${setPairs} placeholder="type,old_id,new_id" help="type, old_id and new_id. Each new ID may leave the letters out." />
      </details>
    </form>
  <//>`;
}

/** "Row 3, host_id", from `csv.3.host_id`. @param {string} field */
function whereOf(field) {
  const [list, row, column] = field.split(".");
  const where = row ? `${row === "1" ? "Header" : `Row ${row}`}${column && column !== "row" ? `, ${column}` : ""}` : "The list";
  return list === "pairs" ? `Old and new IDs, ${where.charAt(0).toLowerCase()}${where.slice(1)}` : where;
}
