// Choosing a district, and changing to another.
import { useState } from "../vendor/preact-hooks.js";
import { Button } from "./components/button.js";
import { TextField } from "./components/field.js";
import { Icon } from "./components/icon.js";
import { html } from "./html.js";
import { addressOf, navigate } from "./router.js";
import { SCREENS } from "./screens/index.js";
import { district, known, platform } from "./session.js";

/** @param {string} id */
const home = (id) => addressOf(id, SCREENS[0]?.path ?? "");

/** Which district? The user's own by name; an operator of the platform may name any. @param {{error?: string, first?: string}} props */
export function DistrictChooser({ error, first = "" }) {
  const [id, setId] = useState(first);
  const offered = known();
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (id.trim()) navigate(home(id.trim()));
  };
  return html`<section class="chooser">
    <h1>Choose a district</h1>
    ${!offered.length && !platform.value && html`<p>Your account has no rights in any district yet. Ask an administrator to add you to one.</p>`}
    ${offered.length > 0 && html`<ul>${offered.map((one) => html`<li key=${one.id}><a href=${home(one.id)}><${Icon} name="building" /><span>${one.name}</span><span class="muted">${one.id}</span></a></li>`)}</ul>`}
    ${platform.value &&
    html`<form onSubmit=${go}>
      <${TextField} name="district" label="District ID" help="You may open any district by its ID." value=${id} onInput=${setId} error=${error} maxLength=${63} />
      <${Button} type="submit" label="Open district" kind="primary" />
    </form>`}
    ${error && !platform.value && html`<p class="fault" role="alert">${error}</p>`}
  </section>`;
}

/** The open district's name, and a way to another where there are several. */
export function DistrictSwitcher() {
  const name = district.value?.name ?? "";
  if (known().length < 2 && !platform.value) return html`<span class="district">${name}</span>`;
  return html`<a class="district" href="/choose" aria-label=${`District: ${name}. Change`}><${Icon} name="building" /><span>${name}</span></a>`;
}
