// Every screen of the console. A screen is a folder here with an `index.js` that exports its component as `Screen`; it is loaded
// when it is first opened. `path` is the first part of its address within a district, and the rest comes as `rest`.

/**
 * @typedef {object} ScreenEntry
 * @property {string} path
 * @property {string} title
 * @property {"Set up" | "Operate" | "People" | "District"} group where it stands in the navigation
 * @property {import("../components/icon.js").IconName} icon
 * @property {() => Promise<{Screen: import("../../vendor/preact.js").FunctionComponent<{rest: string[]}>}>} load
 */

/** @type {ScreenEntry[]} */
export const SCREENS = [
  { path: "integrations", title: "SIS integrations", group: "Set up", icon: "sync", load: () => import("./integrations/index.js") },
  { path: "mappings", title: "Data entity mappings", group: "Set up", icon: "mapping", load: () => import("./mappings/index.js") },
  { path: "schedules", title: "Job scheduler", group: "Set up", icon: "clock", load: () => import("./schedules/index.js") },
  { path: "onboarding", title: "School onboarding", group: "Set up", icon: "building", load: () => import("./onboarding/index.js") },
  { path: "reconciliation", title: "Host IDs", group: "Set up", icon: "link", load: () => import("./reconciliation/index.js") },
  { path: "runs", title: "Runs", group: "Operate", icon: "runs", load: () => import("./runs/index.js") },
  { path: "unmapped", title: "Unmapped values", group: "Operate", icon: "help", load: () => import("./unmapped/index.js") },
  { path: "people", title: "People", group: "People", icon: "people", load: () => import("./people/index.js") },
  { path: "roster", title: "Media roster", group: "People", icon: "user", load: () => import("./roster/index.js") },
  { path: "protections", title: "Protected people", group: "People", icon: "lock", load: () => import("./protections/index.js") },
  { path: "settings", title: "District settings", group: "District", icon: "settings", load: () => import("./settings/index.js") },
  { path: "audit", title: "Audit", group: "District", icon: "audit", load: () => import("./audit/index.js") },
];
