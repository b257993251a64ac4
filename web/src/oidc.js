// OpenID Connect, code flow with PKCE, against any issuer: RFC 6749 with RFC 7636, and the issuer's own discovery document.

const PENDING = "rollcall.sign-in";

/** @typedef {import("./types.js").Config} Config */

/** Send the browser to the issuer; it comes back to where it is now. @param {Config} config */
export async function start(config) {
  const verifier = random();
  const state = random();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(PENDING, JSON.stringify({ verifier, state, back: location.pathname + location.search }));
  const { authorization_endpoint } = await discover(config);
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.client_id ?? "",
    redirect_uri: `${location.origin}/`,
    scope: config.scope ?? "openid",
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${authorization_endpoint}?${query}`);
}

/** Back from the issuer: trade the code for tokens and restore the address. @param {Config} config */
export async function exchange(config) {
  const query = new URLSearchParams(location.search);
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "{}");
  sessionStorage.removeItem(PENDING);
  if (query.has("error")) throw new Error(`Signing in failed: ${query.get("error_description") ?? query.get("error")}`);
  // An answer that this tab did not ask for is somebody else's.
  if (!pending.state || query.get("state") !== pending.state) throw new Error("Signing in was interrupted. Reload the page to try again.");
  history.replaceState(null, "", pending.back ?? "/");
  const tokens = await token(config, {
    grant_type: "authorization_code",
    code: query.get("code") ?? "",
    code_verifier: pending.verifier,
    redirect_uri: `${location.origin}/`,
  });
  if (!tokens) throw new Error("Signing in failed. Reload the page to try again.");
  return tokens;
}

/** New tokens without asking the user; null when the issuer wants to see them. @param {Config} config @param {string} refresh_token */
export const refresh = (config, refresh_token) => token(config, { grant_type: "refresh_token", refresh_token });

/** End the session at the issuer, where it has a place for that. @param {Config} config */
export async function leave(config) {
  const { end_session_endpoint } = await discover(config);
  const query = new URLSearchParams({
    client_id: config.client_id ?? "",
    logout_uri: `${location.origin}/`, // as Cognito calls it
    post_logout_redirect_uri: `${location.origin}/`,
  });
  location.assign(end_session_endpoint ? `${end_session_endpoint}?${query}` : "/");
}

/** @param {Config} config @param {Record<string, string>} form @returns {Promise<import("./types.js").Tokens | null>} */
async function token(config, form) {
  const { token_endpoint } = await discover(config);
  const body = new URLSearchParams({ client_id: config.client_id ?? "", ...form });
  const answer = await fetch(token_endpoint, { method: "POST", body });
  return answer.ok ? answer.json() : null;
}

/** @type {Promise<any> | undefined} */
let discovered;

/** @param {Config} config */
function discover(config) {
  discovered ??= fetch(`${config.issuer}/.well-known/openid-configuration`).then((answer) => answer.json());
  return discovered;
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
