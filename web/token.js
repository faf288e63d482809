// Where a token is typed in, when the server asks for one.

import { setToken } from "./api.js";
import { element } from "./dom.js";
import { t } from "./strings.js";

let forms = 0;

/** Return a form that keeps a token and then calls `done`; `alarm` says first that the server asks for one. */
export function tokenForm(done, alarm = true) {
  const input = element("input", { type: "password", id: `token-${(forms += 1)}`, autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    setToken(input.value);
    done();
  };
  return element(
    "form",
    { class: "token", submit },
    alarm && element("p", { role: "alert" }, t("token_needed")),
    element("label", { for: input.id }, t("token")),
    input,
    element("button", {}, t("token_send")),
  );
}
