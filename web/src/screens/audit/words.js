// What was done, and which field changed, in words.

/** @typedef {import("../../types.js").AuditRecord} AuditRecord */
/** @typedef {AuditRecord["changes"][number]} Change */

/** @type {Record<AuditRecord["what"], string>} */
const ACTIONS = {
  "district.created": "District created",
  "district.changed": "District settings changed",
  "integration.created": "Integration added",
  "integration.changed": "Integration changed",
  "mapping.created": "Mapping added",
  "mapping.changed": "Mapping changed",
  "schedule.created": "Job added",
  "schedule.changed": "Job changed",
  "notifications.created": "Notifications set up",
  "notifications.changed": "Notifications changed",
  "staff_parent.decided": "Staff member and parent decided",
  "run.started": "Run started",
  "run.approved": "Run approved",
  "run.rejected": "Run rejected",
  "run.cancelled": "Run cancelled",
  "run.undone": "Run undone",
  "people.dropped": "People ended",
  "person.protected": "Person protected",
  "person.released": "Person released",
  "export.requested": "Export asked for",
  "export_template.created": "Nutrition file set up",
  "export_template.changed": "Nutrition file changed",
  "reconciliation.created": "Host IDs uploaded",
  "reconciliation.changed": "Host IDs reconciled",
  "onboarding.created": "Onboarding begun",
  "onboarding.changed": "Onboarding changed",
};

export const ACTION_OPTIONS = Object.entries(ACTIONS)
  .map(([value, title]) => ({ value, title }))
  .sort((a, b) => a.title.localeCompare(b.title));

/** @param {AuditRecord["what"]} what */
export const actionInWords = (what) => ACTIONS[what] ?? what;

/** "Thresholds: drop percent" for `thresholds.drop_percent`; ids are told by name. @param {string} field */
export function fieldInWords(field) {
  const words = field.replace(/_id(s?)$/, "$1").split(".").map((part) => part.replace(/_/g, " ")).join(": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value; an id is told by its name. @param {Change["before"]} value @param {Map<string, string>} names @returns {string} */
export function valueInWords(value, names) {
  if (value === null || value === undefined || value === "") return "blank";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.map((one) => valueInWords(one, names)).join(", ") : (names.get(String(value)) ?? String(value));
}

/** Of a long list only how many entries came and went is on record. @param {Change} change */
export const isCounted = ({ added, removed }) => added !== null || removed !== null;
