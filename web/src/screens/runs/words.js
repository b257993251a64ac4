// What runs, changes and reasons are called on these screens.

/** @typedef {import("../../types.js").Run} Run */

/** @type {Record<Run["trigger"], string>} */
export const TRIGGERS = {
  manual: "By hand",
  schedule: "Schedule",
  retry: "Retry",
  reapply: "Mappings applied again",
  undo: "Undo",
  protect: "Protection",
};

/** @type {Record<Run["mode"], string>} */
export const MODES = { sync: "Sync", preview: "Preview" };

/** @type {Record<import("../../types.js").Change["kind"], [import("../../components/badge.js").Tone, string]>} */
export const KINDS = { add: ["good", "Added"], update: ["busy", "Updated"], inactivate: ["bad", "Ended"], reactivate: ["good", "Back again"] };

/** What became of what waited. @type {Record<NonNullable<import("../../types.js").Change["held"]>, [import("../../components/badge.js").Tone, string]>} */
export const HELD = {
  waits: ["warn", "Waits"],
  approved: ["good", "Approved"],
  left_out: ["plain", "Left out"],
  rejected: ["plain", "Rejected"],
  cancelled: ["plain", "Cancelled"],
  superseded: ["plain", "Overtaken"],
};

/** @type {Record<import("../../types.js").FamilyChange["kind"], string>} */
export const FAMILY_KINDS = {
  form: "New family",
  join: "Joins a family",
  leave: "Leaves a family",
  dissolve: "Family dissolves",
  merge: "Families merge",
  split: "Family splits",
  move: "Changes family",
};

/** Why a plan waits, by the first part of the reason's code. @type {[string, string][]} */
const REASONS = [
  ["rollover", "This looks like the turn of the school year"],
  ["drops_unmapped_building", "A building is no longer mapped"],
  ["drops", "Many people would be ended"],
  ["moves", "Many students would change grade or school"],
  ["household_changes", "Many students would change family"],
  ["updates", "Many people would change"],
  ["families", "Families are to be reviewed"],
  ["undone", "Changes that were undone would be made again"],
];

/** @param {string} code */
export const reasonOf = (code) => REASONS.find(([begin]) => code.startsWith(begin))?.[1] ?? fieldTitle(code);

/** Names of stages, as times are told. @type {Record<string, string>} */
export const STAGE_TITLES = {
  survey: "Ask the SIS how much there is",
  pull: "Read from the SIS",
  guard: "Check what came",
  map: "Map codes",
  diff: "Compare with what is stored",
  judge: "Judge against the limits",
  apply: "Write changes",
  approved: "Write what was approved",
  commit: "Finish",
};

const ACRONYMS = /\b(id|pos|sis)\b/g;

/** "state_id" as "State ID". @param {string} name */
export function fieldTitle(name) {
  const words = name.replace(/_/g, " ").replace(ACRONYMS, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** "2 min 5 s". @param {string | null | undefined} from @param {string | null | undefined} to */
export function duration(from, to) {
  if (!from || !to) return "";
  const seconds = Math.max(0, Math.round((new Date(to).getTime() - new Date(from).getTime()) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Of a kind over all types of people. @param {Run} run @param {keyof Run["counts"][string]} kind */
export const total = (run, kind) => Object.values(run.counts).reduce((sum, counts) => sum + (counts[kind] ?? 0), 0);

/** How many people a run has changed, or would. @param {Run} run */
export const changed = (run) => total(run, "add") + total(run, "update") + total(run, "inactivate") + total(run, "reactivate");

/** "1 student", "3 parents". @param {string} type @param {number} count */
export function people(type, count) {
  const [one, many] = { student: ["student", "students"], staff: ["member of staff", "members of staff"], contact: ["parent", "parents"] }[type] ?? ["person", "people"];
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** "a, b and c". @param {string[]} parts */
export const listed = (parts) => (parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`);
