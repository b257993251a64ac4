import { useState } from "../../../vendor/preact-hooks.js";
import { all } from "../../api.js";
import { Button } from "../../components/button.js";
import { SelectField } from "../../components/field.js";
import { useLoad } from "../../hooks.js";
import { html } from "../../html.js";
import { at, reasonAgainst } from "../../session.js";
import { MappingDialog } from "../mappings/editor.js";

/** Every picker of a form shows the same mappings, so they are asked for once and again when one was made. @type {Promise<import("../../types.js").MappingHead[]> | null} */
let asked = null;

/** Have the pickers ask for the mappings anew. */
export const forgetMappings = () => {
  asked = null;
};

const mappings = () => (asked ??= all(at("/mappings")));

/**
 * Which mapping translates an entity's codes. "New…" opens the editor and comes back with the new one chosen.
 * @param {import("../../components/field.js").Common & {entity: import("../../types.js").Entity, value: string, onChange: (id: string) => void,
 *   suggestions: import("../../types.js").Suggestion[]}} props
 */
export function MappingField(props) {
  const { entity, value, onChange, suggestions, label } = props;
  const [making, setMaking] = useState(false);
  const { data, reload } = useLoad(mappings, []);
  const options = (data ?? []).filter((one) => one.entity === entity).map((one) => ({ value: one.id, title: one.name }));
  // One that has become inactive is not listed, but it is still what is chosen.
  if (value && data && !options.some((one) => one.value === value)) options.push({ value, title: "An inactive mapping" });
  const suggested = suggestions.find((one) => one.entity === entity);
  const saved = (/** @type {import("../../types.js").Mapping} */ made) => {
    forgetMappings();
    reload();
    setMaking(false);
    onChange(made.id);
  };
  return html`
    <${SelectField}
      ...${props}
      options=${options}
      blank=${data ? "Choose…" : "Loading…"}
      beside=${html`<${Button} label=${`New ${label} mapping…`} icon="add" iconOnly denied=${reasonAgainst("admin")} onClick=${() => setMaking(true)} />`}
    />
    ${making && html`<${MappingDialog} id="new" begin=${suggested ?? { entity, name: "", entries: [] }} fixedEntity onClose=${() => setMaking(false)} onSaved=${saved} />`}
  `;
}
