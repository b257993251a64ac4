// Light or dark: as the system says, unless the user has said otherwise here.
import { signal } from "../vendor/preact-signals.js";

const STORED = "rollcall.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** The theme that shows. @type {import("../vendor/preact-signals.js").Signal<"light" | "dark">} */
export const theme = signal(current());

/** Show the theme, now and whenever the system changes its mind. */
export function applyTheme() {
  const apply = () => {
    theme.value = current();
    document.documentElement.dataset["theme"] = theme.value;
  };
  system.addEventListener("change", apply);
  apply();
}

/** Change to the other one and remember it. */
export function switchTheme() {
  localStorage.setItem(STORED, theme.value === "dark" ? "light" : "dark");
  theme.value = current();
  document.documentElement.dataset["theme"] = theme.value;
}

function current() {
  const chosen = localStorage.getItem(STORED);
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}
