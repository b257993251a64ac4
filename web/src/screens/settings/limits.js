import { Button } from "../../components/button.js";
import { faultOf } from "../../components/errors.js";
import { CheckField, TextField } from "../../components/field.js";
import { Notice } from "../../components/page.js";
import { toast } from "../../components/toast.js";
import { useForm, wholeNumber } from "../../form.js";
import { html } from "../../html.js";
import { reasonAgainst } from "../../session.js";
import { Panel, open, saveDistrict } from "./panel.js";

/** @typedef {Exclude<keyof import("../../types.js").Thresholds, "hold_everything">} Limit */

/**
 * What each limit means, and what it is where nobody has set it.
 * @type {Record<Limit, {title: string, unit: "%" | "", usual: number, most: number, help: string}>}
 */
const LIMITS = {
  drop_percent: { title: "Students ended", unit: "%", usual: 10, most: 100, help: "Of the active students whom an integration supplies, of one building, or of one grade of a building." },
  drop_building_count: { title: "Students ended in one building", unit: "", usual: 25, most: 100_000, help: "However large the building is." },
  move_percent: { title: "Students with another grade or school", unit: "%", usual: 10, most: 100, help: "The turn of the school year passes it: approve it then." },
  household_percent: { title: "Students with another family", unit: "%", usual: 10, most: 100, help: "Brothers and sisters share meal benefits, so a family that falls apart matters." },
  update_percent: { title: "Students changed in any other way", unit: "%", usual: 60, most: 100, help: "Many at once mostly mean that the SIS or a mapping has changed." },
  floor: { title: "Never wait for so few", unit: "", usual: 5, most: 10_000, help: "So many people or fewer pass no limit in percent, so that a small school can have a bad day." },
};
const NAMES = /** @type {Limit[]} */ (Object.keys(LIMITS));

/** What a run may change before a person must look at it. */
export function Limits() {
  const stored = open();
  const denied = reasonAgainst("admin");
  const form = useForm({
    stored: { ...begin((limit) => stored.thresholds[limit]), hold_everything: stored.thresholds.hold_everything, two_person_approval: stored.two_person_approval },
    what: "the limits",
    denied,
    check: faultsOf,
    send: ({ two_person_approval, hold_everything, ...limits }) =>
      saveDistrict({ two_person_approval, thresholds: { ...Object.fromEntries(NAMES.map((name) => [name, Number(limits[name])])), hold_everything } }),
    onSaved: () => toast("The limits are saved. They count from the next run on."),
  });
  const usual = () => form.change({ ...begin((limit) => LIMITS[limit].usual), hold_everything: false });
  const off = Boolean(denied);
  return html`<${Panel} form=${form} denied=${denied} labelOf=${labelOf} actions=${html`<${Button} label="Back to the defaults" kind="quiet" denied=${denied} onClick=${usual} />`}>
    <${Notice}>What passes a limit waits for approval; the rest of the run goes on. A pull that is empty or incomplete always fails, whatever is set here.<//>
    <div class="fields">
      ${NAMES.map((name) => html`<${TextField}
        key=${name}
        name=${`thresholds.${name}`}
        label=${`${LIMITS[name].title}${LIMITS[name].unit && `, in ${LIMITS[name].unit}`}`}
        type="number"
        required
        help=${`${LIMITS[name].help} Default: ${LIMITS[name].usual}${LIMITS[name].unit && ` ${LIMITS[name].unit}`}.`}
        value=${form.form[name]}
        error=${faultOf(form.faults, `thresholds.${name}`)}
        disabled=${off}
        onInput=${(/** @type {string} */ text) => form.change({ [name]: text })}
      />`)}
      <h2 class="section">Holds</h2>
      <${CheckField} name="thresholds.hold_everything" label="Hold everything" help="Once one limit is passed, nothing of the run goes on before it is approved: not even new students." checked=${form.form.hold_everything} disabled=${off} onChange=${(/** @type {boolean} */ hold_everything) => form.change({ hold_everything })} />
      <${CheckField} name="two_person_approval" label="Two people must approve" help="A held run goes on once two different people have approved it." checked=${form.form.two_person_approval} disabled=${off} onChange=${(/** @type {boolean} */ two_person_approval) => form.change({ two_person_approval })} />
    </div>
  <//>`;
}

/** @param {(limit: Limit) => number} valueOf @returns {Record<Limit, string>} */
const begin = (valueOf) => /** @type {Record<Limit, string>} */ (Object.fromEntries(NAMES.map((name) => [name, String(valueOf(name))])));

/** @param {Record<Limit, string>} form */
const faultsOf = (form) =>
  NAMES.filter((name) => wholeNumber(form[name], 0, LIMITS[name].most) === null).map((name) => ({
    field: `thresholds.${name}`,
    code: "number",
    message: `Enter a whole number from 0 to ${LIMITS[name].most.toLocaleString("en-US")}.`,
  }));

/** @param {string} field */
const labelOf = (field) => LIMITS[/** @type {Limit} */ (field.replace("thresholds.", ""))]?.title ?? field;
