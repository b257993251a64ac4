import { get } from "../../api.js";
import { Badge } from "../../components/badge.js";
import { LoadError } from "../../components/page.js";
import { Table } from "../../components/table.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at } from "../../session.js";
import { PersonLink } from "./links.js";
import { StatusBadge, schoolsToday } from "./list.js";
import { fieldTitle, inWords, phone, plainDate } from "./words.js";

/** @typedef {import("../../types.js").PersonDetail} PersonDetail */

const IDS = ["source_id", "local_id", "state_id", "pos_id", "host_id"];
const FACTS = ["first_name", "middle_name", "last_name", "suffix", "birth_date", "gender", "ethnicity", "races", "language", "email", "phones", "addresses", "grade", "grad_year"];

/** Everything that is stored of somebody, in sections; what there is nothing of is left out. @param {{person: PersonDetail}} props */
export const Details = ({ person }) => html`
  <div class="person-sections">
    <${Facts} title="Personal" names=${FACTS} person=${person} />
    <div class="person-column">
      <${Facts} title="IDs" names=${IDS} person=${person} />
      ${person.schools.length > 0 && html`<${Section} title="Schools"><${Words} words=${person.schools} /><//>`}
      ${person.allergies.length > 0 && html`<${Section} title="Allergies"><${Words} words=${person.allergies} /><//>`}
      ${person.media && html`<${Media} media=${person.media} />`}
    </div>
    ${person.enrollments.length > 0 && html`<${Section} title="Enrollments" wide><${Table} caption="Enrollments" columns=${STAYS} rows=${person.enrollments} keyOf=${inWords} /><//>`}
    ${person.contacts.length > 0 && html`<${Contacts} person=${person} />`}
    ${person.type === "contact" && html`<${Students} id=${person.id} />`}
    ${person.family_id && html`<${Family} id=${person.family_id} self=${person.id} />`}
  </div>
`;

/** @param {{title: string, wide?: boolean, children: import("../../types.js").Children}} props */
function Section({ title, wide = false, children }) {
  const id = `section-${title.toLowerCase().replace(/ /g, "-")}`;
  return html`<section class=${`person-section ${wide ? "wide" : ""}`} aria-labelledby=${id}><h2 id=${id}>${title}</h2>${children}</section>`;
}

/** Names and values, with what of them does not come from the SIS. @param {{title: string, names: string[], person: PersonDetail}} props */
function Facts({ title, names, person }) {
  const there = names.filter((name) => !isBlank(valueOf(person, name)) || standing(person, name));
  return there.length
    ? html`<${Section} title=${title}>
        <dl class="person-facts">
          ${there.map((name) => html`<div key=${name}><dt>${fieldTitle(name)}</dt><dd>${shown(person, name)}${standing(person, name) && html` <${Badge} tone="busy" label=${standing(person, name)} />`}</dd></div>`)}
        </dl>
      <//>`
    : null;
}

/** @param {PersonDetail} person @param {string} name @returns {any} */
const valueOf = (person, name) => /** @type {Record<string, any>} */ (person)[name];

/** @param {any} value */
const isBlank = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

/** How a field is protected, if it is. @param {PersonDetail} person @param {string} name */
function standing(person, name) {
  const { protection } = person;
  if (!protection?.in_force) return "";
  if (name in protection.values) return "By hand";
  return protection.fields.includes(name) ? "Protected" : "";
}

/** @param {PersonDetail} person @param {string} name @returns {import("../../types.js").Children} */
function shown(person, name) {
  if (name === "birth_date") return plainDate(person.birth_date) || inWords(null);
  if (name === "email" && person.email) return html`<a href=${`mailto:${person.email}`}>${person.email}</a>`;
  if (name === "phones" && person.phones.length) return lines(person.phones.map((one) => `${phone(one.number)}, ${one.type}`));
  if (name === "addresses") return lines(person.addresses.map(address));
  return inWords(valueOf(person, name));
}

/** @param {PersonDetail["addresses"][number]} one */
const address = ({ type, street, city, state, postal_code }) => `${[street, city, [state, postal_code].filter(Boolean).join(" ")].filter(Boolean).join(", ")} (${type})`;

/** @param {string[]} texts */
const lines = (texts) => texts.map((text) => html`<span class="person-line" key=${text}>${text}</span>`);

/** @param {{words: string[]}} props */
const Words = ({ words }) => html`<ul class="person-words">${words.map((word) => html`<li key=${word}>${word}</li>`)}</ul>`;

/** @type {import("../../components/table.js").Column[]} */
const STAYS = [
  { key: "school", title: "School", render: (row) => html`<strong>${row.school}</strong>${!row.primary && html` <span class="muted">besides</span>`}` },
  { key: "school_year", title: "School year", render: (row) => row.school_year ?? "–" },
  { key: "grade", title: "Grade", render: (row) => row.grade ?? "–" },
  { key: "homeroom", title: "Homeroom", render: (row) => row.homeroom ?? "–" },
  { key: "start_date", title: "From", render: (row) => plainDate(row.start_date) || "–" },
  { key: "drop_date", title: "First day away", render: (row) => plainDate(row.drop_date) || "–" },
];

/** @param {{person: PersonDetail}} props */
function Contacts({ person }) {
  const ties = [...person.contacts].sort((a, b) => a.priority - b.priority);
  const { data, error, reload } = useLoad((signal) => Promise.all(ties.map((tie) => contact(tie.person_id, signal))), [person.id]);
  const people = /** @type {PersonDetail[] | null} */ (data);
  if (error) return html`<${Section} title="Contacts" wide><${LoadError} error=${error} onRetry=${reload} /><//>`;
  return html`<${Section} title="Contacts" wide>
    <${Table}
      caption="Contacts"
      rows=${people && ties.map((tie, index) => ({ ...tie, person: people[index] }))}
      keyOf=${(/** @type {any} */ row) => `${row.priority} ${row.person_id}`}
      columns=${TIES}
    />
  <//>`;
}

/** A contact, with nothing but an id where they are not stored: a sync kept them back. @param {string} id @param {AbortSignal} signal */
const contact = (id, signal) =>
  get(at(`/people/${id}`), { signal }).catch((error) => {
    if (error.status === 404) return { id, phones: [] };
    throw error;
  });

/** @type {import("../../components/table.js").Column[]} */
const TIES = [
  { key: "name", title: "Name", render: (row) => html`<${PersonLink} person=${row.person} />` },
  { key: "relationship", title: "Relationship", render: (row) => row.relationship ?? "–" },
  { key: "priority", title: "Order", align: "end", render: (row) => row.priority },
  { key: "lives_with", title: "Lives with", render: (row) => (row.lives_with ? "Yes" : "No") },
  { key: "phone", title: "Phone", render: (row) => (row.person.phones[0] ? phone(row.person.phones[0].number) : "–") },
];

/** @type {import("../../components/table.js").Column[]} */
const OF_STUDENTS = [
  { key: "grade", title: "Grade", render: (row) => row.grade ?? "–" },
  { key: "school", title: "School", render: (row) => schoolsToday(row).join(", ") || "–" },
  { key: "status", title: "Status", render: (row) => html`<${StatusBadge} status=${row.status} />` },
];

/** Whose contact somebody is. @param {{id: string}} props */
function Students({ id }) {
  const { data, error, reload } = useLoad((signal) => get(at(`/people/${id}/students`), { signal }), [id]);
  const page = /** @type {import("../../types.js").Page<PersonDetail> | null} */ (data);
  return html`<${Section} title="Students" wide>
    ${error
      ? html`<${LoadError} error=${error} onRetry=${reload} />`
      : html`<${Table} caption="Students" columns=${students(id)} rows=${page?.items ?? null} empty=${html`<p class="muted">Of no student any more.</p>`} />`}
  <//>`;
}

/** @param {string} contact @returns {import("../../components/table.js").Column[]} */
const students = (contact) => {
  const tie = (/** @type {PersonDetail} */ row) => row.contacts.find((one) => one.person_id === contact);
  return [
    { key: "name", title: "Name", render: (row) => html`<${PersonLink} person=${row} />` },
    { key: "relationship", title: "Is their", render: (row) => tie(row)?.relationship ?? "–" },
    { key: "lives_with", title: "Lives with", render: (row) => (tie(row)?.lives_with ? "Yes" : "No") },
    ...OF_STUDENTS,
  ];
};

/** @param {{id: string, self: string}} props */
function Family({ id, self }) {
  const { data, error, reload } = useLoad((signal) => get(at(`/families/${id}`), { signal }), [id]);
  const family = /** @type {{members: PersonDetail[], identifier_fields: string[], implausible: boolean} | null} */ (data);
  return html`<${Section} title="Family" wide>
    ${error && html`<${LoadError} error=${error} onRetry=${reload} />`}
    ${family?.implausible && html`<p class="caution">This family is unusually large. Look at what the family identifier of the integration compares.</p>`}
    ${!error && html`<${Table} caption="Family" columns=${members(self)} rows=${family?.members ?? null} />`}
  <//>`;
}

/** @param {string} self @returns {import("../../components/table.js").Column[]} */
const members = (self) => [
  { key: "name", title: "Name", render: (row) => html`<${PersonLink} person=${row} />${row.id === self && html` <span class="muted">this person</span>`}` },
  ...OF_STUDENTS,
];

/** @type {Record<string, [import("../../components/badge.js").Tone, string]>} */
const ROSTER = { invited: ["good", "Invited"], blocked: ["warn", "Kept out"], uninvited: ["plain", "Not invited any more"] };

/** @param {{media: NonNullable<PersonDetail["media"]>}} props */
function Media({ media }) {
  const [tone, label] = ROSTER[media.status] ?? ["plain", media.status];
  return html`<${Section} title="Media account">
    <dl class="person-facts">
      <div><dt>Roster</dt><dd><${Badge} tone=${tone} label=${label} /></dd></div>
      ${media.reasons.length > 0 && html`<div><dt>Because</dt><dd>${lines(media.reasons.map((code) => REASONS[code] ?? code))}</dd></div>`}
      <div><dt>Opt-out</dt><dd>${media.opt_out ? "Yes: no pictures of this person" : "No"}</dd></div>
      ${media.same_as && html`<div><dt>Also staff</dt><dd><${PersonLink} person=${{ id: media.same_as, first_name: "Their page as a member of staff" }} /></dd></div>`}
    </dl>
  <//>`;
}

/** @type {Record<string, string>} */
const REASONS = {
  media_email_missing: "No email address, which somebody who signs in needs.",
  media_email_shared: "The email address belongs to somebody else, too.",
  media_name_missing: "A first or a last name is missing.",
  media_number_missing: "There is no number to make a host ID from.",
};
