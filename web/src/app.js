// The frame of every screen: navigation, district, user; and the screen that the address names.
import { useEffect, useState } from "../vendor/preact-hooks.js";
import { config, signOut, user } from "./auth.js";
import { Button } from "./components/button.js";
import { Confirmer } from "./components/confirm.js";
import { Icon } from "./components/icon.js";
import { LoadError } from "./components/page.js";
import { Toasts } from "./components/toast.js";
import { DistrictChooser, DistrictSwitcher } from "./districts.js";
import { useLoad } from "./hooks.js";
import { html } from "./html.js";
import { addressOf, navigate, path } from "./router.js";
import { SCREENS } from "./screens/index.js";
import { district, known, last, open, platform } from "./session.js";
import { switchTheme, theme } from "./theme.js";

const LOGO = new URL("../images/logo.svg", import.meta.url).href;

/** The whole console. */
export function App() {
  return html`<${Frame} /><${Toasts} /><${Confirmer} />`;
}

function Frame() {
  const [, root, id = "", name = "", ...rest] = path.value.split("/").map(decodeURIComponent);
  const inDistrict = root === "districts" && id;
  const known_ = known();
  useEffect(() => {
    // With one district there is nothing to choose; otherwise the one that was open last.
    const only = known_.length === 1 && !platform.value ? known_[0]?.id : last();
    if (!inDistrict && root !== "choose" && only) navigate(addressOf(only, SCREENS[0]?.path ?? ""), { replace: true });
  }, [path.value]);
  if (!inDistrict) return html`<${Plain}><${DistrictChooser} /><//>`;
  return html`<${InDistrict} key=${id} id=${id} name=${name} rest=${rest} />`;
}

/** @param {{id: string, name: string, rest: string[]}} props */
function InDistrict({ id, name, rest }) {
  const { error, loading, reload } = useLoad(() => open(id), [id]);
  const screen = SCREENS.find((entry) => entry.path === name) ?? SCREENS[0];
  if (error) return html`<${Plain}><${DistrictChooser} error=${error.message} first=${id} /><//>`;
  if (!screen || loading || district.value?.id !== id) return html`<${Shell} screen=${screen} id=${id}><p class="muted" aria-live="polite">Loading…</p><//>`;
  return html`<${Shell} screen=${screen} id=${id}><${Loaded} key=${screen.path} screen=${screen} rest=${rest} retry=${reload} /><//>`;
}

/** @param {{screen: import("./screens/index.js").ScreenEntry, rest: string[]}} props */
function Loaded({ screen, rest }) {
  const { data, error, reload } = useLoad(() => screen.load(), [screen]);
  useEffect(() => {
    document.title = `${screen.title} · ${district.value?.name} · Rollcall`;
  }, [screen, district.value]);
  if (error) return html`<${LoadError} error=${error} onRetry=${reload} />`;
  return data && html`<${data.Screen} rest=${rest} />`;
}

/** @param {{screen?: import("./screens/index.js").ScreenEntry, id: string, children: import("./types.js").Children}} props */
function Shell({ screen, id, children }) {
  const [menu, setMenu] = useState(false);
  useEffect(() => setMenu(false), [path.value]);
  return html`<div class="shell">
    <a class="skip" href="#main">Skip to content</a>
    <header class="top">
      <button type="button" class="button quiet icon-only menu-button" aria-label="Menu" aria-expanded=${menu ? "true" : "false"} aria-controls="navigation" onClick=${() => setMenu(!menu)}>
        <${Icon} name=${menu ? "close" : "menu"} />
      </button>
      <a class="brand" aria-label="Rollcall" href=${addressOf(id, SCREENS[0]?.path ?? "")}><img src=${LOGO} alt="" width="28" height="28" /><span>Rollcall</span></a>
      <${DistrictSwitcher} />
      <div class="who">
        <${ThemeSwitch} />
        <span class="user" title=${user.value?.name}><${Icon} name="user" /><span>${user.value?.name}</span></span>
        ${config.sign_in === "oidc" && html`<${Button} label="Sign out" kind="quiet" onClick=${signOut} />`}
      </div>
    </header>
    <nav id="navigation" class=${`side ${menu ? "open" : ""}`} aria-label="Screens">
      ${[...new Set(SCREENS.map((entry) => entry.group))].map(
        (group) => html`<section key=${group}>
          <h2>${group}</h2>
          <ul>${SCREENS.filter((entry) => entry.group === group).map((entry) => html`<li key=${entry.path}>
            <a href=${addressOf(id, entry.path)} aria-current=${entry === screen ? "page" : undefined}><${Icon} name=${entry.icon} /><span>${entry.title}</span></a>
          </li>`)}</ul>
        </section>`,
      )}
    </nav>
    <main id="main" tabindex="-1">${children}</main>
  </div>`;
}

function ThemeSwitch() {
  const other = theme.value === "dark" ? "light" : "dark";
  return html`<button type="button" class="button quiet icon-only" aria-label=${`Use ${other} colours`} title=${`Use ${other} colours`} onClick=${switchTheme}>
    <${Icon} name=${other === "dark" ? "moon" : "sun"} />
  </button>`;
}

/** @param {{children: import("./types.js").Children}} props */
const Plain = ({ children }) => html`<main id="main" class="plain">
  <div class="brand"><img src=${LOGO} alt="" width="36" height="36" /><span>Rollcall</span></div>
  ${children}
</main>`;
