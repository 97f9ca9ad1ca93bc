// Secret votes: draws the ballot's random number, and checks afterwards which ballot was accepted. Both pages work
// without it; the voter then rolls dice, and looks for the tracker in the list after closing.
//
// The form:     <form data-ballot>            each time it is sent, a number of 128 bits is drawn
//                 <input type="hidden" name="nonce" value="">   is filled with it: 32 lower-case hexadecimal digits
//                 <input type="hidden" name="padding" value="">   makes what is sent equally long for all choices
//                 <… data-dice>               what asks for eight digits of a die: hidden, its fields are not sent
//
// The answer:   <… data-accepted              holds what follows
//                  data-equal="…"  data-different="…"  data-unknown="…">    what is said, in the reader's language
//                 <… data-bytes>              the ballot in canonical JSON, to the byte, with nothing around it
//                 <… data-tracker>            T, as the server says it is
//                 <… data-verdict role="status" hidden>         says whether it is
//
// T is equal if it is SHA-256 of "coopgov/ballot/v1", a line end and the bytes, and the ballot holds the number that
// this tab drew: a server that put one number into two ballots could show one of them to both voters. It is unknown
// where the browser cannot hash (no https), or where this tab drew no number.
(() => {
  "use strict";
  const TAG = "coopgov/ballot/v1\n";
  const STEP = 4096;
  const DRAWN = "coopgov-nonce";

  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // Kept from the form to its answer, in this tab alone.
  const remember = (nonce) => {
    try { sessionStorage.setItem(DRAWN, nonce); } catch { /* a browser that keeps nothing: the answer is "unknown" */ }
  };
  const recall = () => {
    try {
      const nonce = sessionStorage.getItem(DRAWN);
      sessionStorage.removeItem(DRAWN);
      return nonce;
    } catch { return null; }
  };

  // Anew for each sending: who knows the tracker of an earlier choice could try that number with every other choice.
  const draw = (form) => {
    const nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
    form.elements.nonce.value = nonce;
    remember(nonce);
  };

  // The length of what is sent, which others on the way can see, says nothing of the choice.
  const pad = (form) => {
    form.elements.padding.value = "";
    const length = new URLSearchParams(new FormData(form)).toString().length;
    form.elements.padding.value = "0".repeat(STEP - (length % STEP));
  };

  const takeOver = (form) => {
    const dice = form.querySelector("[data-dice]");
    dice.hidden = true;
    dice.querySelectorAll("input").forEach((field) => { field.disabled = true; });
    form.addEventListener("submit", () => { draw(form); pad(form); });
  };

  const judge = async (bytes, tracker, nonce) => {
    if (!nonce || !crypto.subtle) return "unknown";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(TAG + bytes));
    const ours = bytes.includes(`"nonce":"${nonce}"`); // within a text its quotes would be escaped
    return ours && hex(new Uint8Array(digest)) === tracker ? "equal" : "different";
  };

  const check = async (answer, nonce) => {
    const text = (name) => answer.querySelector(`[data-${name}]`).textContent;
    const verdict = answer.querySelector("[data-verdict]");
    const found = await judge(text("bytes"), text("tracker"), nonce);
    verdict.hidden = false;
    verdict.textContent = answer.dataset[found];
    verdict.classList.toggle("error", found === "different");
  };

  const nonce = recall();
  document.querySelectorAll("form[data-ballot]").forEach(takeOver);
  document.querySelectorAll("[data-accepted]").forEach((answer) => check(answer, nonce));
})();
