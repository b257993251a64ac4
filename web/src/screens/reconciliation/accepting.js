// Proposals that are sure enough, accepted at once.
import { useState } from "../../../vendor/preact-hooks.js";
import { get, patch } from "../../api.js";
import { Button } from "../../components/button.js";
import { Dialog } from "../../components/dialog.js";
import { SelectField } from "../../components/field.js";
import { toast, toastError } from "../../components/toast.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";

const CONFIDENCES = [
  { value: "95", title: "95 %: the number or e-mail address, and the name" },
  { value: "90", title: "90 %: the number or e-mail address" },
  { value: "80", title: "80 %: also a name that is nearly the same" },
  { value: "70", title: "70 %: everybody who is proposed" },
];

/** @param {{path: string, version: number, onClose: () => void, onAccepted: () => void}} props */
export function AcceptDialog({ path, version, onClose, onAccepted }) {
  const [least, setLeast] = useState("90");
  const [saving, setSaving] = useState(false);
  const { data, loading, error } = useLoad((signal) => get(path, { query: { state: "proposed", min_confidence: least, limit: 1 }, signal }), [least]);
  const count = data?.total ?? 0;
  const accept = async () => {
    setSaving(true);
    try {
      await patch(path, { accept_from: Number(least) }, { version });
      toast(`${count === 1 ? "One proposal is" : `${count.toLocaleString("en-US")} proposals are`} accepted.`);
      onAccepted();
    } catch (failure) {
      setSaving(false);
      toastError(failure);
    }
  };
  return html`<${Dialog}
    title="Accept proposals"
    size="small"
    busy=${saving}
    onClose=${onClose}
    footer=${html`
      <${Button} label="Cancel" onClick=${onClose} />
      <${Button} label=${count && !loading ? `Accept ${counted(count)}` : "Accept"} kind="primary" busy=${saving || loading} denied=${count ? "" : "No proposal is so sure."} onClick=${accept} />
    `}
  >
    <div class="stacked">
      <${SelectField} name="accept_from" label="From a confidence of" value=${least} options=${CONFIDENCES} onChange=${setLeast} />
      <p aria-live="polite">${error ? error.message : loading ? "Counting…" : count ? `With this, ${counted(count)} would be taken as decided: each user is then the person who is proposed. You can change every one of them afterwards.` : "No proposal is so sure. Choose a lower confidence, or decide one by one."}</p>
    </div>
  <//>`;
}

/** @param {number} count */
const counted = (count) => (count === 1 ? "one proposal" : `${count.toLocaleString("en-US")} proposals`);
