// Our own values of each entity, to choose from while an answer is typed.
import { get } from "../../api.js";
import { useLoad } from "../../hooks.js";
import { at } from "../../session.js";

const OFFERED = 200;

/**
 * The values that the mappings of these rows give already, by entity.
 * @param {import("../../types.js").UnmappedValue[] | null} rows
 * @returns {Record<string, string[]>}
 */
export function useValues(rows) {
  const ids = [...new Set((rows ?? []).map((row) => row.mapping_id))].sort();
  const { data } = useLoad(
    (signal) => Promise.all(ids.map((id) => get(at(`/mappings/${id}`), { signal }))),
    [ids.join(" ")],
  );
  /** @type {import("../../types.js").Mapping[]} */
  const mappings = data ?? [];
  return Object.fromEntries(mappings.map((mapping) => [mapping.entity, [...new Set(mapping.entries.map((entry) => entry.value))].slice(0, OFFERED)]));
}
