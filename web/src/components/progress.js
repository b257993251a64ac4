import { html } from "../html.js";

/** How far something is; without `total` it only says that something goes on. @param {{label: string, done?: number, total?: number | null}} props */
export const Progress = ({ label, done = 0, total = null }) => html`
  <div class="progress">
    <progress aria-label=${label} value=${total ? Math.min(done, total) : undefined} max=${total || undefined}></progress>
    <span class="progress-text">${label}${done ? ` ${done.toLocaleString("en-US")}` : ""}${total ? ` of ${total.toLocaleString("en-US")}` : ""}</span>
  </div>
`;
