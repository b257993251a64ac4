// Who is signed in. The token lives in memory and, so that a reload keeps it, in this tab's session storage.
import { signal } from "../vendor/preact-signals.js";
import { exchange, leave, refresh, start } from "./oidc.js";

/** @typedef {import("./types.js").Config} Config */
/** @typedef {import("./types.js").Tokens} Tokens */

const STORED = "rollcall.session";

/** @type {Config} */
export let config = { sign_in: "local" };
/** @type {Tokens | null} */
let tokens = null;

/** The user's name and groups, null until signed in. @type {import("../vendor/preact-signals.js").Signal<{name: string, groups: string[]} | null>} */
export const user = signal(null);

/** Read the configuration and make sure that somebody is signed in. False: the browser is on its way to the issuer. */
export async function begin() {
  config = await (await fetch("/config.json")).json();
  if (config.sign_in === "oidc" && new URLSearchParams(location.search).has("state")) {
    keep(await exchange(config));
    return true;
  }
  const stored = sessionStorage.getItem(STORED);
  if (stored) {
    keep(JSON.parse(stored));
    if (!expired()) return true;
  }
  return signInAgain();
}

/** The header that proves who is asking. */
export const authorization = () => `Bearer ${tokens?.access_token ?? ""}`;

/** A fresh token, silently where that is possible; else the user is sent to sign in and comes back to this page. */
export async function signInAgain() {
  if (config.sign_in === "local") {
    keep(await (await fetch(config.token_url ?? "", { method: "POST" })).json());
    return true;
  }
  const renewed = tokens?.refresh_token ? await refresh(config, tokens.refresh_token) : null;
  if (renewed) {
    keep({ ...tokens, ...renewed });
    return true;
  }
  await start(config);
  return false;
}

/** Forget the session, here and at the issuer. */
export async function signOut() {
  sessionStorage.removeItem(STORED);
  if (config.sign_in === "oidc") await leave(config);
  else location.assign("/");
}

/** @param {Tokens} fresh */
function keep(fresh) {
  tokens = fresh;
  sessionStorage.setItem(STORED, JSON.stringify(fresh));
  const claims = claimsOf(fresh.access_token);
  const named = fresh.id_token ? claimsOf(fresh.id_token) : claims;
  const name = fresh.user ?? named.email ?? named.name ?? claims.username ?? claims.sub ?? "";
  user.value = { name, groups: claims["cognito:groups"] ?? [] };
}

function expired() {
  const { exp } = claimsOf(tokens?.access_token ?? "");
  return typeof exp === "number" && exp * 1000 < Date.now() + 10_000;
}

/** What a token says. It is read, not verified: only the API's word counts. @param {string} token @returns {any} */
function claimsOf(token) {
  const part = token.split(".")[1] ?? "";
  if (!part) return {};
  const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
