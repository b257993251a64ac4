// The fields of a person and their values, in words.
import { inWords as dayInWords } from "../../calendar.js";

/** @type {Record<string, string>} */
const TITLES = {
  first_name: "First name", middle_name: "Middle name", last_name: "Last name", suffix: "Suffix",
  birth_date: "Birth date", gender: "Gender", ethnicity: "Ethnicity", races: "Race", language: "Language",
  email: "Email", phones: "Phones", addresses: "Addresses", grade: "Grade", enrollments: "Enrollments", schools: "Schools",
  status: "Status", type: "Type", source_id: "SIS number", local_id: "Local ID", state_id: "State ID", pos_id: "POS ID", host_id: "Host ID",
  family_id: "Family", contacts: "Contacts", allergies: "Allergies", photo: "Photo", grad_year: "Graduation year", media: "Media account",
  number: "number", street: "street", city: "city", state: "state", postal_code: "postal code", school: "school", school_year: "school year",
  homeroom: "homeroom", start_date: "start", drop_date: "first day away", primary: "primary", person_id: "person", relationship: "relationship",
  priority: "order", lives_with: "lives with the student", opt_out: "opt-out", same_as: "same person as", reasons: "reason",
};

/** What one element of a list is called. @type {Record<string, string>} */
const ONE_OF = { races: "Race", phones: "Phone", addresses: "Address", enrollments: "Enrollment", schools: "School", contacts: "Contact", allergies: "Allergy" };

/** Fields that can be written by hand, in the order of a form. */
export const WRITABLE = ["first_name", "middle_name", "last_name", "suffix", "birth_date", "gender", "ethnicity", "races", "language", "phones"];

/** Fields that can only be kept as they are. */
export const KEPT = ["status", "local_id", "state_id", "pos_id", "host_id", "email", "addresses", "grade", "grad_year", "enrollments", "schools", "family_id", "contacts", "allergies", "photo", "media"];

/** "Enrollment 1, grade" of `enrollments.0.grade`. @param {string} path */
export function fieldTitle(path) {
  const [first = "", ...rest] = path.split(".");
  const at = rest.findIndex((part) => /^\d+$/.test(part));
  const inner = rest.filter((_, index) => index !== at).map((part) => (TITLES[part] ?? part).toLowerCase());
  const head = at === 0 ? `${ONE_OF[first] ?? TITLES[first] ?? first} ${Number(rest[0]) + 1}` : (TITLES[first] ?? first);
  return [head, ...inner].join(", ");
}

/** Blank as a reader sees it. */
const NOTHING = "Nothing";

/**
 * A value of ours on one line: lists and their parts are put one after the other.
 * @param {any} value
 * @returns {string}
 */
export function inWords(value) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.length ? value.map(inWords).join("; ") : NOTHING;
  if (typeof value === "object") return parts(value).join(", ") || NOTHING;
  return /^\d{4}-\d{2}-\d{2}$/.test(value) ? plainDate(value) : String(value);
}

/** @param {Record<string, any>} value */
function parts(value) {
  if ("sha256" in value) return ["A photo"];
  if ("number" in value) return [phone(value["number"]), value["type"]];
  // Who the contact is stands beside it on the page; an id says nothing to a reader.
  if ("priority" in value) return [`${value["priority"]}. ${value["relationship"] ?? "contact"}`, ...(value["lives_with"] ? [TITLES["lives_with"] ?? ""] : [])];
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== false && !(Array.isArray(part) && !part.length))
    .map(([name, part]) => (part === true ? (TITLES[name] ?? name) : inWords(part)));
}

/** "Oct 9, 2021": a day without a time, such as a birthday. @param {string | null | undefined} iso */
export const plainDate = (iso) => (iso ? dayInWords(iso, { year: "numeric", month: "short", day: "numeric" }) : "");

/** "(515) 555-0100" of ten digits. @param {string} digits */
export const phone = (digits) => (digits.length === 10 ? `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}` : digits);
