import { html } from "../../html.js";
import { List } from "./list.js";
import { Person } from "./person.js";

/** People: a list to search, and a page for each of them. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  return rest[0] ? html`<${Person} key=${rest[0]} id=${rest[0]} />` : html`<${List} />`;
}
