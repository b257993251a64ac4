// Our own icons, 20 by 20, drawn in the colour of the text.
import { html } from "../html.js";

const PATHS = {
  add: "M10 4v12M4 10h12",
  audit: "M5 3h7l3 3v11H5zM12 3v3h3M7.5 9h5M7.5 12h5M7.5 15h3",
  back: "M12.5 4.5 7 10l5.5 5.5",
  building: "M4 17V5l6-2v14M10 8l6 2v7M2.5 17h15M6.5 7.5h1M6.5 10.5h1M6.5 13.5h1M13 12h1M13 14.5h1",
  check: "m4 10.5 4 4 8-9",
  clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4l3 2",
  close: "m5 5 10 10M15 5 5 15",
  copy: "M7 7h9v9H7zM4 13V4h9",
  down: "M10 4v12m0 0 4.5-4.5M10 16l-4.5-4.5",
  forward: "M7.5 4.5 13 10l-5.5 5.5",
  help: "M7.5 7.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M10 14.5v.1",
  link: "M8 12l4-4M7 9l-2 2a2.8 2.8 0 0 0 4 4l2-2M9 7l2-2a2.8 2.8 0 0 1 4 4l-2 2",
  lock: "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9M10 12v1.8",
  mapping: "M3 5h5M3 10h5M3 15h5M12 5h5M12 10h5M12 15h5M8 5l4 5M8 10l4-5M8 15h4",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  moon: "M16 11.5A6.5 6.5 0 0 1 8.5 4a6.5 6.5 0 1 0 7.5 7.5Z",
  people: "M7.5 9.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.5 16c.6-2.6 2.5-3.8 5-3.8s4.4 1.2 5 3.8M12.6 4.3a2.7 2.7 0 0 1 0 5M14.2 12.5c1.8.4 2.9 1.6 3.3 3.5",
  pencil: "m4 16 .8-3.4L13 4.4a1.5 1.5 0 0 1 2.1 0l.5.5a1.5 1.5 0 0 1 0 2.1l-8.2 8.2Z",
  refresh: "M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.5v4h-4",
  runs: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM8.5 7.2v5.6L12.8 10Z",
  search: "M13.5 13.5 17 17M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Z",
  settings: "M3 5.5h6M13 5.5h4M3 14.5h4M11 14.5h6M11 7.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM9 16.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  stop: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM5.2 14.8l9.6-9.6",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M15.3 4.7l-1.1 1.1M5.8 14.2l-1.1 1.1",
  sync: "M4 8a6.2 6.2 0 0 1 11-1.8M16 12a6.2 6.2 0 0 1-11 1.8M15.5 3v3.5H12M4.5 17v-3.5H8",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10",
  up: "M10 16V4m0 0 4.5 4.5M10 4 5.5 8.5",
  user: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM4 16.5c.8-2.6 3.1-4 6-4s5.2 1.4 6 4",
  warning: "M10 3 2.5 16.5h15ZM10 8v4M10 14.2v.1",
};

/** @typedef {keyof typeof PATHS} IconName */

/** Decoration beside a word, or inside a control that has a name of its own. @param {{name: IconName}} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;
