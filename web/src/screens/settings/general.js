import { ComboField } from "../../components/combo.js";
import { confirm } from "../../components/confirm.js";
import { faultOf } from "../../components/errors.js";
import { SelectField, TextField } from "../../components/field.js";
import { toast } from "../../components/toast.js";
import { useForm } from "../../form.js";
import { html } from "../../html.js";
import { reasonAgainst } from "../../session.js";
import { Panel, open, saveDistrict } from "./panel.js";

const ZONES = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])];

/** Name, time zone and school year. */
export function General() {
  const stored = open();
  const denied = reasonAgainst("admin");
  const fixed = stored.school_year === stored.calendar_school_year ? "" : stored.school_year;
  const form = useForm({
    stored: { name: stored.name, time_zone: stored.time_zone, school_year: fixed },
    what: "the district",
    denied,
    check: (entered) => [
      ...(entered.name.trim() ? [] : [{ field: "name", code: "required", message: "Enter a name." }]),
      ...(entered.time_zone.trim() ? [] : [{ field: "time_zone", code: "required", message: "Choose a time zone." }]),
    ],
    ask: async ({ time_zone }) => time_zone === stored.time_zone || confirmMove(time_zone),
    send: (entered) => saveDistrict({ ...entered, school_year: entered.school_year || null }),
    onSaved: () => toast("The district is saved."),
  });
  const field = (/** @type {string} */ name) => ({ name, error: faultOf(form.faults, name), disabled: Boolean(denied) });
  const { name, time_zone, school_year } = form.form;
  return html`<${Panel} form=${form} denied=${denied} labelOf=${labelOf}>
    <div class="fields">
      <${TextField} ...${field("name")} label="Name" required maxLength=${100} value=${name} onInput=${(/** @type {string} */ text) => form.change({ name: text })} />
      <${ComboField} ...${field("time_zone")} label="Time zone" required help=${`Schedules, blackouts and dates are in it. ${clockIn(time_zone)}`} value=${time_zone} options=${ZONES} onInput=${(/** @type {string} */ zone) => form.change({ time_zone: zone })} />
      <${SelectField}
        ...${field("school_year")}
        label="School year"
        help="Which year of the SIS is read. A fixed one stays until you change it here."
        value=${school_year}
        blank=${`By the calendar: ${stored.calendar_school_year}, the next from July 1`}
        options=${yearsAround(stored.calendar_school_year, fixed).map((year) => ({ value: year, title: `Fixed: ${year}` }))}
        onChange=${(/** @type {string} */ year) => form.change({ school_year: year })}
      />
    </div>
  <//>`;
}

/** @param {string} zone */
function clockIn(zone) {
  try {
    return `It is now ${new Intl.DateTimeFormat("en-US", { timeZone: zone, weekday: "short", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date())} there.`;
  } catch {
    return "Type a part of its name, such as Chicago.";
  }
}

/** The years beside the calendar's, and the one that is fixed. @param {string} calendar @param {string} fixed */
function yearsAround(calendar, fixed) {
  const first = Number(calendar.slice(0, 4));
  const near = [first - 1, first + 1].map((year) => `${year}-${String((year + 1) % 100).padStart(2, "0")}`);
  return [...new Set([...near, ...(fixed ? [fixed] : [])])].sort();
}

/** @param {string} field */
const labelOf = (field) => ({ name: "Name", time_zone: "Time zone", school_year: "School year" })[field] ?? field;

/** @param {string} zone */
const confirmMove = (zone) =>
  confirm({
    title: `Move the district to ${zone}?`,
    body: "Every job keeps the time on the clock: what runs at 02:00 runs at 02:00 there. Blackouts move likewise, and all dates are shown in the new zone.",
    action: "Move",
  });
