import { useState } from "../../../vendor/preact-hooks.js";
import { get, patch, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { Empty, LoadError, Notice, PageHead } from "../../components/page.js";
import { RunProgress } from "../../components/run-progress.js";
import { toastError } from "../../components/toast.js";
import { Choice } from "../../components/toolbar.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { ConfirmPanel } from "./confirming.js";
import { Users } from "./users.js";
import { UploadDialog } from "./upload.js";

/** Host-ID reconciliation: whose each account of a returning school is, before its first sync. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const { data: schools, error, reload } = useLoad((signal) => get(at("/reconciliations"), { signal }), []);
  const list = /** @type {import("../../types.js").ReturningSchool[] | null} */ (schools);
  const open = list?.find((one) => one.integration_id === rest[0]) ?? list?.[0];
  return html`
    <${PageHead} title="Host-ID reconciliation" intro="A returning school has accounts in the media application already. Before its first sync, every host ID must meet its owner in the SIS, or people would get a second account." />
    ${error && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${list && !open && html`<${Empty} title="No returning school" action=${html`<a class="button primary" href=${to("integrations")}>Go to SIS integrations</a>`}>A school whose integration feeds the media application and has “Returning School” switched on stands here. A new school needs no reconciliation.<//>`}
    ${list && open && html`<div class="stacked">
      ${list.length > 1 && html`<div class="toolbar"><${Choice} label="School" value=${open.integration_id} options=${list.map((one) => ({ value: one.integration_id, title: one.name }))} onChange=${(/** @type {string} */ id) => navigate(to("reconciliation", id))} /></div>`}
      <${School} key=${open.integration_id} school=${open} onChanged=${reload} />
    </div>`}
  `;
}

/** @param {string} screen @param {string[]} rest */
const to = (screen, ...rest) => addressOf(district.value?.id ?? "", screen, ...rest);

/** @param {{school: import("../../types.js").ReturningSchool, onChanged: () => void}} props */
function School({ school, onChanged }) {
  const [uploading, setUploading] = useState(false);
  const [busy, setBusy] = useState(false);
  const path = at(`/integrations/${school.integration_id}/reconciliation`);
  const summary = school.reconciliation;
  const denied = reasonAgainst("admin");
  const compare = async () => {
    setBusy(true);
    try {
      await patch(path, {}, { version: summary?.version });
      onChanged();
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const uploaded = () => {
    setUploading(false);
    onChanged();
  };
  if (!school.newest_run) return html`<${FirstPreview} school=${school} onEnd=${onChanged} />`;
  const upload = html`<${Button} label=${summary ? "Upload another list" : "Upload the users"} icon="up" kind=${summary ? "secondary" : "primary"} denied=${denied} onClick=${() => setUploading(true)} />`;
  return html`
    ${summary
      ? html`
        ${summary.run_id !== school.newest_run &&
        html`<${Notice} tone="warn"><p>There is a newer run than the one that the users were compared with. Compare again before you confirm; your decisions stay.</p><${Button} label="Compare again" icon="refresh" busy=${busy} denied=${denied} onClick=${compare} /><//>`}
        <${ConfirmPanel} school=${school} summary=${summary} path=${path} upload=${upload} outdated=${summary.run_id !== school.newest_run} onConfirmed=${onChanged} />
        <${Users} path=${path} summary=${summary} onChanged=${onChanged} />
      `
      : html`<${Empty} title=${`Whose are the accounts of ${school.name}?`} action=${upload}>Export the users of the media application with their member type and host ID; names and e-mail addresses help to find who they are. Nothing is changed until you confirm.<//>`}
    ${uploading && html`<${UploadDialog} path=${path} version=${summary?.version} onClose=${() => setUploading(false)} onUploaded=${uploaded} />`}
  `;
}

/** Before anything can be compared the people of the SIS must be known. @param {{school: import("../../types.js").ReturningSchool, onEnd: () => void}} props */
function FirstPreview({ school, onEnd }) {
  const [run, setRun] = useState("");
  const [asking, setAsking] = useState(false);
  const [failed, setFailed] = useState(false);
  const preview = async () => {
    setAsking(true);
    setFailed(false);
    try {
      setRun((await post(at(`/integrations/${school.integration_id}/runs`), { mode: "preview" })).id);
    } catch (error) {
      toastError(error);
    } finally {
      setAsking(false);
    }
  };
  const ended = (/** @type {import("../../types.js").Run} */ last) => {
    setFailed(last.state !== "completed");
    if (last.state === "completed") onEnd();
  };
  return html`
    ${run && html`<${RunProgress} key=${run} id=${run} name=${`${school.name}: the preview`} onEnd=${ended} />`}
    ${(!run || failed) && html`<${Empty} title="First, a preview" action=${html`<${Button} label="Run a preview" icon="refresh" kind="primary" busy=${asking} denied=${reasonAgainst("operator")} onClick=${preview} />`}>It reads the people of ${school.name} from the SIS, to compare the accounts with. It writes nothing.<//>`}
  `;
}
