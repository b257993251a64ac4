// What can be mapped, and what is usual for our own values.

/** @typedef {import("../../types.js").Entity} Entity */

/** @type {{value: Entity, title: string, help: string}[]} */
export const ENTITIES = [
  { value: "academic_year", title: "Academic Year", help: "Which of the SIS’s years is which school year, such as 2026-27." },
  { value: "allergy", title: "Allergy", help: "What stands for each item of an allergy text." },
  { value: "building", title: "Building", help: "Schools as the SIS numbers them. A school that is not here is not read." },
  { value: "ethnicity", title: "Ethnicity", help: "What stands for each ethnicity code." },
  { value: "gender", title: "Gender", help: "What stands for each gender code." },
  { value: "grade_level", title: "Grade Level", help: "What stands for each grade. A student whose grade is not here is left out." },
  { value: "language", title: "Language", help: "What stands for each language code." },
  { value: "race", title: "Race", help: "What stands for each race code." },
  { value: "relationship", title: "Relationship", help: "What stands for each tie between a contact and a student." },
  { value: "state", title: "State", help: "What stands for each state in addresses." },
];

/** @param {string} entity */
export const titleOf = (entity) => ENTITIES.find((one) => one.value === entity)?.title ?? entity;
