import { html } from "../html.js";
import { Button } from "./button.js";

/** A screen's head: where we are, and the one thing that is done most here. @param {{title: string, intro?: string, children?: import("../types.js").Children}} props */
export const PageHead = ({ title, intro, children }) => html`
  <header class="page-head">
    <div>
      <h1 tabindex="-1" id="page-title">${title}</h1>
      ${intro && html`<p class="intro">${intro}</p>`}
    </div>
    ${children && html`<div class="page-actions">${children}</div>`}
  </header>
`;

/** Something could not be loaded: why, and a way to try again. @param {{error: Error, onRetry: () => void}} props */
export const LoadError = ({ error, onRetry }) => html`
  <div class="notice bad" role="alert">
    <p>${error.message}</p>
    <${Button} label="Try again" icon="refresh" onClick=${onRetry} />
  </div>
`;

/** Nothing here yet: what to do first. @param {{title: string, children: import("../types.js").Children, action?: import("../types.js").Children}} props */
export const Empty = ({ title, children, action }) => html`
  <div class="empty"><h2>${title}</h2><p>${children}</p>${action}</div>
`;

/** A remark that matters. @param {{tone?: "plain" | "warn" | "bad" | "good", children: import("../types.js").Children}} props */
export const Notice = ({ tone = "plain", children }) => html`<div class=${`notice ${tone}`}>${children}</div>`;
