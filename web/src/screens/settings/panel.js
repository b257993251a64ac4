// What the tabs share: a form on the page with its errors and its Save, and how a part of the district is saved.
import { put } from "../../api.js";
import { Button } from "../../components/button.js";
import { ErrorSummary } from "../../components/errors.js";
import { Notice } from "../../components/page.js";
import { html } from "../../html.js";
import { at, district } from "../../session.js";

/**
 * @param {{form: {submit: (event: Event) => void, faults: import("../../types.js").FieldFault[], failure: string, saving: boolean, changed: boolean},
 *   denied: string, labelOf: (field: string) => string, actions?: import("../../types.js").Children, children: import("../../types.js").Children}} props
 */
export const Panel = ({ form, denied, labelOf, actions, children }) => html`
  <form class="panel" noValidate onSubmit=${form.submit}>
    <${ErrorSummary} faults=${form.faults} message=${form.failure || undefined} labelOf=${labelOf} />
    ${denied && html`<${Notice}>You can read these settings but not change them. ${denied}<//>`}
    ${children}
    <div class="panel-foot">
      <${Button} label="Save" kind="primary" type="submit" busy=${form.saving} denied=${denied || (form.changed ? "" : "Nothing has been changed.")} />
      ${actions}
    </div>
  </form>
`;

/**
 * Save some of the district's settings; the others stay as they are. The open district is the new one at once.
 * @param {Record<string, any>} changes
 * @returns {Promise<import("../../types.js").District>}
 */
export async function saveDistrict(changes) {
  const { name, time_zone, school_year, calendar_school_year, version } = open();
  // A school year that is the calendar's follows it; sent, it would stay where it is after July 1.
  const kept = { name, time_zone, school_year: school_year === calendar_school_year ? null : school_year };
  const saved = await put(at(""), { ...kept, ...changes }, { version });
  district.value = saved;
  return saved;
}

/** The open district; screens are only shown with one. */
export const open = () => /** @type {import("../../types.js").District} */ (district.value);
