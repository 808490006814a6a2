// Asks for an API key. The one in use is kept in this tab's session storage only.

import { coded, h } from "./dom.js";
import { say } from "./words.js";

/** @type {Promise<string | null>} */
let last = Promise.resolve("");

/**
 * Ask for a key and give it.
 *
 * `wrong` says why the one before was not accepted. A key that may write (`writing`) need not be given: then it is null.
 * Whoever asks while somebody else does waits until that is over.
 */
export function askForKey(wrong, writing = false) {
  last = last.then(() => asked(wrong, writing));
  return last;
}

/** @returns {Promise<string | null>} */
function asked(wrong, writing) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("key"));
  return new Promise((done) => {
    const end = (text) => {
      dialog.onclose = null;
      dialog.close();
      done(text);
    };
    const field = h("input", { type: "password", id: "key-text", name: "key", autocomplete: "off", spellcheck: "false", required: true });
    const form = h(
      "form",
      {
        submit: (event) => {
          event.preventDefault();
          end(field.value.trim());
        },
      },
      h("h2", null, say(writing ? "key.write.title" : "key.title")),
      h("p", null, coded(say(writing ? "key.write.why" : "key.why"))),
      wrong ? h("p", { class: "wrong", role: "alert" }, say("key.wrong", wrong)) : null,
      h("label", { for: "key-text" }, say("key.label")),
      field,
      h("p", { class: "quiet" }, say("key.kept")),
      h("button", { type: "submit", class: "main" }, say(writing ? "key.write.use" : "key.use")),
      writing ? h("button", { type: "button", click: () => end(null) }, say("act.cancel")) : null,
    );
    dialog.replaceChildren(form);
    const put = () => {
      if (!dialog.open) dialog.showModal();
      field.focus();
    };
    // At a second Esc, Chromium closes a dialog whatever its page says. What closed an earlier question is told late.
    dialog.onclose = () => {
      if (writing && !dialog.open) end(null);
      else put();
    };
    put();
  });
}
