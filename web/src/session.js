// Which district is open, and what the user may do in it.
import { computed, signal } from "../vendor/preact-signals.js";
import { get } from "./api.js";
import { config, user } from "./auth.js";

const RANK = { viewer: 1, operator: 2, admin: 3 };
const RECENT = "rollcall.districts";

/** The open district, null until one is chosen. @type {import("../vendor/preact-signals.js").Signal<import("./types.js").District | null>} */
export const district = signal(null);

/** Operators of the platform may open any district; they name it by its id. */
export const platform = computed(() => user.value?.groups.includes("*/admin") ?? false);

/** Districts that can be offered by name: those of the token's groups, those known here, those opened before. */
export function known() {
  const named = new Map((config.districts ?? []).map(({ id, name }) => [id, name]));
  const ids = (user.value?.groups ?? []).flatMap((group) => /^([^*]+)\/(?:viewer|operator|admin)$/.exec(group)?.[1] ?? []);
  const offered = platform.value ? [...named.keys(), ...recent()] : ids;
  return [...new Set(offered)].map((id) => ({ id, name: named.get(id) ?? id }));
}

/** Open a district. Raises the API's Problem when there is none, or it is not ours. @param {string} id */
export async function open(id) {
  district.value = await get(`/districts/${encodeURIComponent(id)}`);
  localStorage.setItem(RECENT, JSON.stringify([id, ...recent().filter((other) => other !== id)].slice(0, 8)));
}

/** The district that was open last, if any. */
export const last = () => recent()[0] ?? null;

/** The path of the open district in the API. @param {string} rest */
export const at = (rest) => `/districts/${district.value?.id}${rest}`;

/** Why the user may not do what needs a right; empty when they may. @param {import("./types.js").Right} right */
export function reasonAgainst(right) {
  if (platform.value) return "";
  const id = district.value?.id;
  const ranks = (user.value?.groups ?? [])
    .filter((group) => group.startsWith(`${id}/`))
    .map((group) => RANK[/** @type {import("./types.js").Right} */ (group.slice(group.lastIndexOf("/") + 1))] ?? 0);
  return Math.max(0, ...ranks) >= RANK[right] ? "" : `This needs the right “${right}” in this district. Ask an administrator for it.`;
}

/** @returns {string[]} */
function recent() {
  return JSON.parse(localStorage.getItem(RECENT) ?? "[]");
}
