// What was done to whom: the name behind an id, and the way there.
import { all } from "../../api.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { addressOf } from "../../router.js";
import { at, district } from "../../session.js";

/** @typedef {import("../../types.js").AuditRecord} AuditRecord */

/** Where the things of each kind are shown, and where the API lists their names. @type {Record<string, string>} */
const LISTED = { integration: "integrations", reconciliation: "integrations", mapping: "mappings", schedule: "schedules" };
/** Settings of the whole district, by the tab that they are in. @type {Record<string, string[]>} */
const SETTINGS = { district: [], notifications: ["notifications"], export_template: ["nutrition"] };

/** What holds ids of such things. @type {Record<string, string>} */
const HELD = { integration_id: "integrations", integration_ids: "integrations", mappings: "mappings" };

/** The names of what the records speak of, by id. @param {AuditRecord[]} records */
export function useNames(records) {
  const spokenOf = records.flatMap(({ what, changes }) => [LISTED[kindOf(what)], ...changes.map(({ field }) => HELD[field.split(".")[0] ?? ""])]);
  const wanted = [...new Set(spokenOf.filter((list) => list !== undefined))].sort();
  const { data } = useLoad(
    /** @returns {Promise<Map<string, string>>} */ async (signal) => {
      const lists = await Promise.all(wanted.map((list) => all(at(`/${list}`), { query: { include_inactive: true }, signal })));
      return new Map(lists.flat().map(({ id, name }) => [id, name]));
    },
    [wanted.join()],
  );
  return data ?? new Map();
}

/** @param {AuditRecord["what"]} what */
const kindOf = (what) => what.split(".")[0] ?? "";

/** @param {{record: AuditRecord, names: Map<string, string>}} props */
export function Subject({ record, names }) {
  const id = district.value?.id ?? "";
  const kind = kindOf(record.what);
  if (SETTINGS[kind]) return html`<a href=${addressOf(id, "settings", ...SETTINGS[kind])}>The district</a>`;
  if (kind === "run" || kind === "people") return html`<a href=${addressOf(id, "runs", record.subject)}>The run</a>`;
  const name = names.get(record.subject);
  if (LISTED[kind] && name) return html`<a class="wrap" href=${addressOf(id, LISTED[kind], record.subject)}>${name}</a>`;
  return html`<code class="muted wrap">${record.subject}</code>`;
}
