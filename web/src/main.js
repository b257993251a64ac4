import { render } from "../vendor/preact.js";
import { App } from "./app.js";
import { begin } from "./auth.js";
import { html } from "./html.js";
import { listen } from "./router.js";
import { SCREENS } from "./screens/index.js";
import { applyTheme } from "./theme.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
applyTheme();
const signedIn = begin();
// The screen's own modules come while the user is being signed in; whether they do is told where they are used.
const [, , , screen] = location.pathname.split("/");
SCREENS.find(({ path }) => path === screen)?.load().catch(() => undefined);
try {
  if (await signedIn) {
    listen();
    render(html`<${App} />`, root);
  }
} catch (error) {
  root.textContent = error instanceof Error ? error.message : "The console could not start. Reload the page to try again.";
}
