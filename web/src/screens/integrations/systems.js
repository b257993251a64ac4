// The systems that can be chosen, asked for once: they only change with a new version of the API.
import { all } from "../../api.js";

/** @type {Promise<import("../../types.js").System[]> | null} */
let asked = null;

/** @returns {Promise<import("../../types.js").System[]>} */
export function systems() {
  asked ??= all("/systems").catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}
