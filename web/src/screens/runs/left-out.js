// Which family changes are left out of an approval: kept in this tab until somebody decides, so that a reload loses none.
import { useState } from "../../../vendor/preact-hooks.js";

/** @param {string} id */
const keyOf = (id) => `rollcall.left-out.${id}`;

/** The ids of the family changes left out of a run, and a way to set them. @param {string} id of the run @returns {[string[], (ids: string[]) => void]} */
export function useLeftOut(id) {
  const [leftOut, setLeftOut] = useState(() => /** @type {string[]} */ (JSON.parse(sessionStorage.getItem(keyOf(id)) ?? "[]")));
  const leaveOut = (/** @type {string[]} */ ids) => {
    if (ids.length) sessionStorage.setItem(keyOf(id), JSON.stringify(ids));
    else sessionStorage.removeItem(keyOf(id));
    setLeftOut(ids);
  };
  return [leftOut, leaveOut];
}
