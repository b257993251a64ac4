// The address bar as state: which screen, which thing, and the list's search, order and page.
import { signal } from "../vendor/preact-signals.js";

/** The path without the query. */
export const path = signal(location.pathname);
/** The query, to be read only: change it with `setParams`. */
export const query = signal(new URLSearchParams(location.search));

/** Asks whether unsaved work may be left. @type {(() => Promise<boolean>) | null} */
let guard = null;
/** How far this page has gone in the tab's history, so that a refused step back can be undone. */
let position = history.state?.position ?? 0;

/** The address of a screen in a district. @param {string} district @param {string} screen @param {string[]} rest */
export const addressOf = (district, screen, ...rest) =>
  `/districts/${[district, screen, ...rest].map(encodeURIComponent).join("/")}`;

/** Go to an address of the console, unless unsaved work keeps the user here. @param {string} to @param {{replace?: boolean}} [how] */
export async function navigate(to, { replace = false } = {}) {
  if (guard && !(await guard())) return;
  guard = null;
  if (!replace) position += 1;
  history[replace ? "replaceState" : "pushState"]({ position }, "", to);
  read();
}

/**
 * Change some of the query, in place: typing in a search box makes no history. Blank or null takes a parameter out.
 * @param {Record<string, string | number | boolean | null | undefined>} changes
 * @param {{push?: boolean}} [how]
 */
export function setParams(changes, { push = false } = {}) {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "" || value === false) next.delete(name);
    else next.set(name, String(value));
  }
  const to = `${location.pathname}${next.size ? `?${next}` : ""}`;
  if (push) position += 1;
  history[push ? "pushState" : "replaceState"]({ position }, "", to);
  read();
}

/** One parameter of the query. @param {string} name */
export const param = (name, fallback = "") => query.value.get(name) ?? fallback;

/** Keep the user here until `ask` agrees. One guard at a time; the function given back lifts it. @param {() => Promise<boolean>} ask */
export function keepHere(ask) {
  guard = ask;
  return () => {
    if (guard === ask) guard = null;
  };
}

/** Follow links, the browser's buttons, and warn before the tab closes over unsaved work. */
export function listen() {
  // Signing in may have restored an address since this module was loaded.
  read();
  addEventListener("popstate", async () => {
    const to = history.state?.position ?? 0;
    const step = to - position;
    if (guard && step) {
      const ask = guard;
      guard = null;
      history.go(-step);
      await new Promise((resolve) => addEventListener("popstate", resolve, { once: true }));
      if (!(await ask())) {
        guard = ask;
        return;
      }
      history.go(step);
      return;
    }
    position = to;
    read();
  });
  addEventListener("beforeunload", (event) => {
    if (guard) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!plain || event.defaultPrevented || !(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

function read() {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
}
