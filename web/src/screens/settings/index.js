import { PageHead } from "../../components/page.js";
import { Tabs } from "../../components/tabs.js";
import { html } from "../../html.js";
import { addressOf, navigate } from "../../router.js";
import { district } from "../../session.js";
import { Blackouts } from "./blackouts.js";
import { General } from "./general.js";
import { Limits } from "./limits.js";
import { Notifications } from "./notifications.js";
import { NutritionFile } from "./nutrition.js";

const TABS = [
  { key: "general", title: "General", Tab: General },
  { key: "limits", title: "Safety limits", Tab: Limits },
  { key: "blackouts", title: "Blackouts", Tab: Blackouts },
  { key: "notifications", title: "Notifications", Tab: Notifications },
  { key: "nutrition", title: "Nutrition file", Tab: NutritionFile },
];

/** District settings: one tab for each thing that is saved by itself. @param {{rest: string[]}} props */
export function Screen({ rest }) {
  const [first = "general", ...further] = rest;
  const open = TABS.find(({ key }) => key === first) ?? TABS[0];
  const to = (/** @type {string} */ key) => addressOf(district.value?.id ?? "", "settings", key);
  return html`
    <${PageHead} title="District settings" intro="What counts for every integration and every run of the district." />
    <${Tabs} label="District settings" tabs=${TABS} open=${open?.key ?? ""} onOpen=${(/** @type {string} */ key) => navigate(to(key))}>
      ${open && html`<${open.Tab} key=${open.key} rest=${further} />`}
    <//>
  `;
}
