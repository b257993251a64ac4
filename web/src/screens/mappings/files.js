// Rows from elsewhere: a CSV file, or the codes that a SIS lists; and rows to a CSV file.
import { useRef, useState } from "../../../vendor/preact-hooks.js";
import { all, post } from "../../api.js";
import { Button } from "../../components/button.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";
import { titleOf } from "./entities.js";
import { csvOf, entriesOf, filled, normal } from "./text.js";

const EXACT = { ignore_case: false, ignore_leading_zeros: false };

/**
 * @param {{entity: string, name: string, entries: import("../../types.js").Entry[], disabled: boolean,
 *   onChange: (entries: import("../../types.js").Entry[]) => void}} props
 */
export function Files({ entity, name, entries, disabled, onChange }) {
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [told, setTold] = useState("");
  const [asking, setAsking] = useState("");
  const { data: integrations } = useLoad((signal) => all(at("/integrations"), { signal }), []);
  const add = (/** @type {import("../../types.js").Entry[]} */ more, /** @type {string} */ from) => {
    const known = new Set(filled(entries).map((entry) => normal(entry.external, EXACT)));
    const fresh = more.filter((entry) => !known.has(normal(entry.external, EXACT)));
    if (fresh.length) onChange([...filled(entries), ...fresh]);
    setTold(`${from}: ${fresh.length} rows added, ${more.length - fresh.length} were here already.`);
  };
  const read = async (/** @type {any} */ event) => {
    const file = event.target.files[0];
    event.target.value = "";
    if (file) add(entriesOf(await file.text()), file.name);
  };
  const suggest = async (/** @type {string} */ id) => {
    const integration = (integrations ?? []).find((one) => one.id === id);
    setAsking(id);
    setTold("");
    try {
      /** @type {import("../../types.js").Findings} */
      const found = await post(at(`/integrations/${id}/test`), {});
      const gaps = found.checks.find((check) => check.coverage?.entity === entity)?.coverage?.unmapped ?? [];
      const suggested = found.suggestions.find((one) => one.entity === entity)?.entries ?? gaps.map((gap) => ({ external: gap.value, value: gap.label ?? "" }));
      add(suggested, integration.name);
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    } finally {
      setAsking("");
    }
  };
  const save = () => {
    const url = URL.createObjectURL(new Blob([csvOf(filled(entries))], { type: "text/csv" }));
    Object.assign(document.createElement("a"), { href: url, download: `${name || titleOf(entity) || "mapping"}.csv` }).click();
    URL.revokeObjectURL(url);
  };
  const denied = disabled ? reasonAgainst("admin") : "";
  return html`<div class="files">
    <input type="file" accept=".csv,.tsv,.txt,text/csv" hidden ref=${picker} aria-label="CSV file to import" onChange=${read} />
    <${Button} label="Import CSV" icon="down" denied=${denied} onClick=${() => picker.current?.click()} />
    <${Button} label="Export CSV" icon="up" onClick=${save} denied=${filled(entries).length ? "" : "There are no rows yet."} />
    ${(integrations ?? []).length > 0 && html`<label class="filter"><span>${asking ? "Asking the SIS…" : "Add codes from"}</span>
      <select value="" disabled=${disabled || !entity || Boolean(asking)} onChange=${(/** @type {any} */ event) => suggest(event.target.value)}>
        <option value="">Choose an integration…</option>
        ${(integrations ?? []).map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}
      </select>
    </label>`}
    <p class="help" aria-live="polite">${told || "Or paste rows from a spreadsheet into the table: two columns, external value and ours."}</p>
  </div>`;
}
