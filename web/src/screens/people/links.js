import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { district } from "../../session.js";
import { addressOf } from "../../router.js";

/** The query of the list as it was last seen, for the way back. */
let listed = "";

/** Remember how the list was narrowed. */
export const rememberList = () => {
  listed = location.search;
};

/** Where the list is, narrowed as it was. */
export const listAddress = () => addressOf(district.value?.id ?? "", "people") + listed;

/** A person's name, leading to their page. @param {{person: {id: string, first_name?: string | null, last_name?: string | null}}} props */
export const PersonLink = ({ person }) => html`<a class="person-link" href=${addressOf(district.value?.id ?? "", "people", person.id)}>${nameOf(person)}</a>`;
