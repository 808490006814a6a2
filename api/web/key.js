// Asks for the API key. It is kept in this tab's session storage only.

import { key } from "./api.js";
import { coded, h } from "./dom.js";
import { say } from "./words.js";

/** Ask until there is a key; `wrong` says why the one before was not accepted. */
export function askForKey(wrong) {
  const dialog = document.getElementById("key");
  return new Promise((done) => {
    const field = h("input", { type: "password", id: "key-text", name: "key", autocomplete: "off", spellcheck: "false", required: true });
    const form = h(
      "form",
      {
        submit: (event) => {
          event.preventDefault();
          key.set(field.value.trim());
          dialog.close();
          done();
        },
      },
      h("h2", null, say("key.title")),
      h("p", null, coded(say("key.why"))),
      wrong ? h("p", { class: "wrong", role: "alert" }, say("key.wrong", wrong)) : null,
      h("label", { for: "key-text" }, say("key.label")),
      field,
      h("p", { class: "quiet" }, say("key.kept")),
      h("button", { type: "submit", class: "main" }, say("key.use")),
    );
    dialog.replaceChildren(form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
}
