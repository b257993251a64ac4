import { useEffect, useState } from "../../../vendor/preact-hooks.js";
import { file } from "../../api.js";
import { html } from "../../html.js";
import { nameOf } from "../../people.js";
import { at } from "../../session.js";

/** A person's photo, or their initials. It is asked for with the session's token, which an image's own address could not carry. @param {{person: import("../../types.js").Person}} props */
export function Photo({ person }) {
  const [url, setUrl] = useState("");
  const shown = person.photo?.sha256 ?? "";
  useEffect(() => {
    if (!shown) return undefined;
    const abort = new AbortController();
    let made = "";
    file(at(`/people/${person.id}/photo`), { signal: abort.signal }).then(
      (blob) => {
        if (abort.signal.aborted) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      },
      // The initials stand for a photo that cannot be had.
      () => setUrl(""),
    );
    return () => {
      abort.abort();
      URL.revokeObjectURL(made);
      setUrl("");
    };
  }, [person.id, shown]);
  if (url) return html`<img class="portrait" src=${url} alt=${`Photo of ${nameOf(person)}`} width="64" height="64" />`;
  return html`<span class="portrait" aria-hidden="true">${initials(person)}</span>`;
}

/** @param {import("../../types.js").Person} person */
const initials = (person) => [person.first_name, person.last_name].map((name) => name?.[0] ?? "").join("").toUpperCase();
