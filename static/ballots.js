// Finds a ballot in the list that is here already: nothing is sent, and the address gets the row's name.
(() => {
  "use strict";
  const find = document.getElementById("find");
  if (!find) return;
  const field = find.querySelector("input");
  const note = find.querySelector("[role=status]");
  const rows = [...document.querySelectorAll(".ballots tbody tr")];

  const found = (text) => {
    const hashes = text.match(/[0-9a-f]{64}/gi) || []; // a receipt holds the vote's too
    const named = hashes.map((hash) => document.getElementById(hash.toLowerCase())).find(Boolean);
    const plain = text.trim().toLocaleLowerCase();
    return named || (plain && rows.find((row) => row.textContent.toLocaleLowerCase().includes(plain)));
  };

  const go = () => {
    const row = found(field.value);
    note.textContent = row ? note.dataset.found : note.dataset.missing;
    if (row) location.hash = row.id;
  };

  find.querySelector("button").addEventListener("click", go);
  field.addEventListener("keydown", (event) => event.key === "Enter" && go());
  document.getElementById("by-hand").hidden = true;
  find.hidden = false;
})();
