// One school: its checklist, with what is to be done next.
import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { get } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { Icon } from "../../components/icon.js";
import { LoadError, PageHead } from "../../components/page.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { MEMBERS } from "../../people.js";
import { addressOf } from "../../router.js";
import { at, district, reasonAgainst } from "../../session.js";
import { dateTime } from "../../time.js";
import { SchoolDialog } from "./form.js";
import { StepActions } from "./steps.js";

const LOOK_AGAIN_MS = 5000;

/** @param {{id: string}} props */
export function School({ id }) {
  const { data, error, reload } = useLoad((signal) => get(at(`/onboardings/${id}`), { signal }), [id]);
  const [fresh, setFresh] = useState(/** @type {import("../../types.js").Onboarding | null} */ (null));
  const [editing, setEditing] = useState(false);
  const loaded = /** @type {import("../../types.js").Onboarding | null} */ (data);
  const school = fresh && loaded && fresh.version >= loaded.version ? fresh : loaded;
  const changed = (/** @type {import("../../types.js").Onboarding} */ made) => {
    setFresh(made);
    setEditing(false);
  };
  const again = () => {
    setFresh(null);
    reload();
  };
  const waiting = school?.next_step === "registered" && school.plugin !== null;
  useEffect(() => {
    // The credentials come from elsewhere: whoever presses Register in PowerSchool sees the step done here.
    if (!waiting) return undefined;
    const timer = setInterval(() => document.hidden || again(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  const back = html`<a class="back" href=${addressOf(district.value?.id ?? "", "onboarding")}><${Icon} name="back" />All schools</a>`;
  if (error && !school) return html`${back}<${LoadError} error=${error} onRetry=${reload} />`;
  if (!school) return html`${back}<p class="muted" aria-live="polite">Loading…</p>`;
  const done = school.steps.filter((step) => step.done).length;
  return html`
    ${back}
    <${PageHead} title=${school.name} intro=${school.next_step ? `${done} of ${school.steps.length} steps are done.` : "This school is live."}>
      <${Button} label="Edit school" icon="pencil" denied=${reasonAgainst("admin")} onClick=${() => setEditing(true)} />
    <//>
    <div class="stacked">
      <dl class="facts">
        <dt>Portal link</dt><dd class="wrap">${school.portal_url}</dd>
        <dt>Organization ID</dt><dd><code>${school.organization_id}</code></dd>
        <dt>System</dt><dd>${school.system === "powerschool" ? "PowerSchool" : "PowerSchool Query"}</dd>
        <dt>Member types</dt><dd>${MEMBERS.filter(({ value }) => school.member_types.includes(value)).map(({ title }) => title).join(", ")}</dd>
      </dl>
      <ol class="steps" aria-label="Checklist">
        ${school.steps.map((step, number) => html`<${StepLine} key=${step.name} step=${step} number=${number + 1} school=${school} onChanged=${changed} onReload=${again} />`)}
      </ol>
    </div>
    ${editing && html`<${SchoolDialog} school=${school} onClose=${() => setEditing(false)} onSaved=${changed} />`}
  `;
}

/**
 * @param {{step: import("../../types.js").OnboardingStep, number: number, school: import("../../types.js").Onboarding,
 *   onChanged: (school: import("../../types.js").Onboarding) => void, onReload: () => void}} props
 */
function StepLine({ step, number, school, onChanged, onReload }) {
  const next = school.next_step === step.name;
  return html`<li class=${`step ${step.done ? "done" : next ? "next" : ""}`} aria-current=${next ? "step" : undefined}>
    <span class="step-mark" aria-hidden="true">${step.done ? html`<${Icon} name="check" />` : number}</span>
    <div class="step-main">
      <h2>${step.label} ${next && html`<${Badge} tone="busy" label="Next" />`}${step.done && html`<span class="hidden">, done</span>`}</h2>
      ${next && html`<p>${step.detail}</p>`}
      ${step.at && html`<p class="muted">${step.detail} <time datetime=${step.at}>${dateTime(step.at)}</time></p>`}
      ${(next || step.done) && html`<${StepActions} step=${step} next=${next} school=${school} onChanged=${onChanged} onReload=${onReload} />`}
    </div>
  </li>`;
}
