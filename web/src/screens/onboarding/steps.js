// What can be done at each step of the checklist.
import { useState } from "../../../vendor/preact-hooks.js";
import { Problem, download, get, patch, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { confirm } from "../../components/confirm.js";
import { RunProgress } from "../../components/run-progress.js";
import { toast, toastError } from "../../components/toast.js";
import { html } from "../../html.js";
import { addressOf } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { CredentialsDialog } from "./credentials.js";
import { IntegrationDialog } from "./integration.js";

/**
 * @typedef {object} StepProps
 * @property {import("../../types.js").OnboardingStep} step
 * @property {boolean} next whether it is the one to do now
 * @property {import("../../types.js").Onboarding} school
 * @property {(school: import("../../types.js").Onboarding) => void} onChanged
 * @property {() => void} onReload
 */

/** @param {StepProps} props */
export function StepActions(props) {
  const Actions = ACTIONS[props.step.name];
  return Actions ? html`<div class="step-actions"><${Actions} ...${props} /></div>` : null;
}

/** @param {string} screen @param {string[]} rest */
const to = (screen, ...rest) => addressOf(district.value?.id ?? "", screen, ...rest);

/** @param {StepProps} props */
function Plugin({ next, school, onReload }) {
  const [busy, setBusy] = useState(false);
  const fetchIt = async () => {
    if (school.plugin && school.registration_open && !(await confirmNewSecret(school))) return;
    setBusy(true);
    try {
      await download(at(`/onboardings/${school.id}/plugin.zip`), `${school.name} plugin.zip`);
      toast("The plugin is downloaded. Have PowerSchool’s administrator install it.");
      onReload();
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return html`<${Button} label=${next ? "Download the plugin" : "Download again"} icon="down" kind=${next ? "primary" : "secondary"} busy=${busy} denied=${reasonAgainst("admin")} onClick=${fetchIt} />`;
}

/** @param {StepProps} props */
function Registered({ next, school, onChanged, onReload }) {
  const [entering, setEntering] = useState(false);
  const denied = reasonAgainst("admin");
  const reissue = async () => {
    if (!(await confirmReissue(school))) return;
    try {
      onChanged(await post(at(`/onboardings/${school.id}/reissue`), {}));
      toast("The registration is open again. Download the plugin anew.");
    } catch (error) {
      toastError(error);
    }
  };
  return html`
    ${next && html`<${Button} label="Look again" icon="refresh" onClick=${onReload} />`}
    <${Button} label=${next ? "Enter credentials by hand" : "Enter other credentials"} denied=${denied} onClick=${() => setEntering(true)} />
    ${!school.registration_open && html`<${Button} label="Reissue the secret" kind="quiet" denied=${denied} onClick=${reissue} />`}
    ${entering && html`<${CredentialsDialog} school=${school} onClose=${() => setEntering(false)} onSaved=${(/** @type {any} */ made) => {
      setEntering(false);
      onChanged(made);
    }} />`}
  `;
}

/** @param {StepProps} props */
function Configured({ next, school, onChanged }) {
  const [making, setMaking] = useState(false);
  if (!next) return html`<a class="button" href=${to("integrations", school.integration_id)}>Open the integration</a>`;
  return html`
    <${Button} label="Make the integration" icon="add" kind="primary" denied=${reasonAgainst("admin")} onClick=${() => setMaking(true)} />
    ${making && html`<${IntegrationDialog} school=${school} onClose=${() => setMaking(false)} onMade=${(/** @type {any} */ made) => {
      setMaking(false);
      onChanged(made);
    }} />`}
  `;
}

/** @param {StepProps} props */
function Validated({ next, school, onReload }) {
  const [testing, setTesting] = useState(false);
  const [told, setTold] = useState("");
  const test = async () => {
    setTesting(true);
    setTold("");
    try {
      /** @type {import("../../types.js").Findings} */
      const found = await post(at(`/integrations/${school.integration_id}/test`), {});
      const failed = found.checks.find((check) => check.ok === false && !check.coverage);
      setTold(found.ok ? "The connection works." : (failed?.detail ?? "The connection does not work yet."));
      onReload();
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    } finally {
      setTesting(false);
    }
  };
  if (!next && !told) return null;
  return html`
    ${next && html`<${Button} label="Test the connection" icon="link" kind="primary" busy=${testing} denied=${reasonAgainst("admin")} onClick=${test} />
    <${RunHere} school=${school} mode="preview" label="Run a preview" onReload=${onReload} />`}
    <span role="status">${testing ? "Asking the SIS; this may take half a minute." : told}</span>
  `;
}

/** @param {StepProps} props */
const Reconciled = ({ next, school }) => html`<a class=${`button ${next ? "primary" : ""}`} href=${to("reconciliation", school.integration_id)}>${next ? "Reconcile the host IDs" : "Open the reconciliation"}</a>`;

/** @param {StepProps} props */
const FirstSync = ({ next, school, onReload }) => (next ? html`<${RunHere} school=${school} mode="sync" label="Run the first sync" primary onReload=${onReload} />` : null);

/** @param {StepProps} props */
function Reviewed({ next, school, onChanged }) {
  const review = async () => {
    try {
      onChanged(await post(at(`/onboardings/${school.id}/review`), {}));
      toast("The review is noted.");
    } catch (error) {
      toastError(error);
    }
  };
  return html`
    <a class=${`button ${next ? "primary" : ""}`} href=${`${to("roster")}?integration=${school.integration_id}`}>Open the import summary</a>
    ${next && html`<${Button} label="I have looked at it" icon="check" denied=${reasonAgainst("admin")} onClick=${review} />`}
  `;
}

/** @param {StepProps} props */
function Live({ next, school, onReload }) {
  const activate = async () => {
    try {
      /** @type {import("../../types.js").Integration} */
      const made = await get(at(`/integrations/${school.integration_id}`));
      await patch(at(`/integrations/${made.id}`), { active: true }, { version: made.version });
      onReload();
    } catch (error) {
      toastError(error);
    }
  };
  return next ? html`<${Button} label="Activate the integration" kind="primary" denied=${reasonAgainst("admin")} onClick=${activate} />` : null;
}

/** A run that is asked for here and followed. @param {{school: import("../../types.js").Onboarding, mode: "sync" | "preview", label: string, primary?: boolean, onReload: () => void}} props */
function RunHere({ school, mode, label, primary = false, onReload }) {
  const [run, setRun] = useState("");
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    try {
      setRun((await post(at(`/integrations/${school.integration_id}/runs`), { mode })).id);
    } catch (error) {
      setBusy(false);
      if (error instanceof Problem) toastError(error);
    }
  };
  const ended = () => {
    setBusy(false);
    onReload();
  };
  return html`
    <${Button} label=${label} icon="refresh" kind=${primary ? "primary" : "secondary"} busy=${busy} denied=${reasonAgainst("operator")} onClick=${ask} />
    ${run && html`<div class="wide"><${RunProgress} key=${run} id=${run} name=${mode === "preview" ? "Preview:" : "First sync:"} onEnd=${ended} /></div>`}
  `;
}

/** @type {Record<string, (props: StepProps) => any>} */
const ACTIONS = {
  plugin_downloaded: Plugin,
  registered: Registered,
  configured: Configured,
  validated: Validated,
  reconciled: Reconciled,
  first_sync: FirstSync,
  summary_reviewed: Reviewed,
  live: Live,
};

/** @param {import("../../types.js").Onboarding} school */
const confirmNewSecret = (school) =>
  confirm({
    title: "Download the plugin again?",
    body: `It brings a new one-time secret. The plugin of ${school.name} that was downloaded before can then no longer register by itself.`,
    action: "Download",
  });

/** @param {import("../../types.js").Onboarding} school */
const confirmReissue = (school) =>
  confirm({
    title: "Reissue the secret?",
    body: `The next plugin that is downloaded for ${school.name} may register once more, and its credentials replace those that are stored. Do this only if the school asks for it.`,
    action: "Reissue",
    danger: true,
  });
