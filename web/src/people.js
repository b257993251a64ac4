// Words for people.

/** @typedef {"student" | "staff" | "contact"} MemberType */

/** @type {Record<MemberType, string>} */
export const MEMBER = { student: "Student", staff: "Staff", contact: "Parent" };

/** @type {{value: MemberType, title: string}[]} */
export const MEMBERS = [
  { value: "student", title: "Students" },
  { value: "staff", title: "Staff" },
  { value: "contact", title: "Parents" },
];

/** "Iris Ash"; an id where a SIS gave no name. @param {{first_name?: string | null, last_name?: string | null} | null | undefined} person @param {string} [otherwise] */
export const nameOf = (person, otherwise = "No name") => [person?.first_name, person?.last_name].filter(Boolean).join(" ") || otherwise;
