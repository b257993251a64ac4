import { useState } from "../../../vendor/preact-hooks.js";
import { post } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { Button } from "../../components/button.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";

/** @type {Record<string, string>} */
const NAMES = { reachable: "Address", tls: "Encryption", counts: "Records", code_tables: "Code tables" };

/**
 * Asks the SIS with what the form holds now, and shows what it found piece by piece.
 * @param {{id: string, body: () => Record<string, any>, changed: boolean, onFound: (found: import("../../types.js").Findings) => void,
 *   onFault: (error: unknown) => void}} props
 */
export function ConnectionTest({ id, body, changed, onFound, onFault }) {
  const [testing, setTesting] = useState(false);
  const [found, setFound] = useState(/** @type {import("../../types.js").Findings | null} */ (null));
  const test = async () => {
    setTesting(true);
    setFound(null);
    try {
      /** @type {import("../../types.js").Findings} */
      const findings = await (id === "new" ? post(at("/integrations/test"), edits(body())) : post(at(`/integrations/${id}/test`), changed ? edits(body()) : {}));
      setFound(findings);
      onFound(findings);
    } catch (error) {
      onFault(error);
    } finally {
      setTesting(false);
    }
  };
  return html`<div class="wide connection">
    <div class="connection-head">
      <${Button} label=${testing ? "Testing…" : "Test connection"} icon="link" busy=${testing} denied=${reasonAgainst("admin")} onClick=${test} />
      <span class="muted" aria-live="polite">${testing ? "Asking the SIS; this may take half a minute." : found ? summary(found) : "Checks address, credentials and mappings. Nothing is saved."}</span>
    </div>
    ${found && html`<ul class="checks">${found.checks.map((check) => html`<${CheckLine} key=${check.name} check=${check} />`)}</ul>`}
    ${found && found.suggestions.length > 0 && html`<p class="help">The SIS told its codes: a new mapping of ${found.suggestions.map((one) => one.entity.replace(/_/g, " ")).join(", ")} begins with them.</p>`}
  </div>`;
}

/** What is tested: the name cannot matter, and may be blank while it is typed. @param {Record<string, any>} whole */
function edits({ name: _name, active: _active, ...rest }) {
  return rest;
}

/** @param {import("../../types.js").Findings} found */
function summary(found) {
  const gaps = found.checks.filter((check) => check.coverage && check.coverage.mapped < check.coverage.total).length;
  if (!found.ok) return "The connection does not work yet.";
  return gaps ? `The connection works. ${gaps === 1 ? "One mapping has" : `${gaps} mappings have`} gaps.` : "The connection works.";
}

/** @param {{check: import("../../types.js").Check}} props */
function CheckLine({ check }) {
  const { coverage } = check;
  const gaps = coverage ? coverage.total - coverage.mapped : 0;
  const [tone, word] = check.ok === null ? ["plain", "Not reached"] : !check.ok && !coverage ? ["bad", "Failed"] : gaps ? ["warn", "Gaps"] : check.ok ? ["good", "Works"] : ["bad", "Failed"];
  return html`<li>
    <${Badge} tone=${tone} label=${word} />
    <div>
      <strong>${NAMES[check.name] ?? sentence(check.name)}</strong> <span class="muted">${check.detail}</span>
      ${coverage && html`<div class="coverage">
        <progress aria-label=${`${sentence(check.name)}: values with a mapping`} value=${coverage.mapped} max=${coverage.total || 1}></progress>
        <span>${coverage.mapped} of ${coverage.total} values mapped</span>
      </div>`}
      ${coverage && coverage.unmapped.length > 0 && html`<details><summary>${gaps === 1 ? "The value without a mapping" : `${gaps} values without a mapping`}</summary>
        <ul class="gaps">${coverage.unmapped.map((gap) => html`<li key=${gap.value}><code>${gap.value}</code> ${gap.label ?? ""}${gap.count ? html` <span class="muted">${gap.count} in the sample</span>` : ""}</li>`)}</ul>
      </details>`}
    </div>
  </li>`;
}

/** @param {string} name */
const sentence = (name) => {
  const words = name.replace(/^coverage\./, "").replace(/_/g, " ").replace(/\./g, ": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
