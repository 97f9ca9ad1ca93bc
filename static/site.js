// Small comforts; every page works without them.
(() => {
  "use strict";
  const WAIT = 3000;

  // The same code points as the server counts, with each line break as one.
  const length = (text) => [...text.replace(/\r\n?/g, "\n")].length;

  const showCount = (area) => {
    const note = document.getElementById(area.id + "-count");
    if (!note) return;
    const left = Number(area.dataset.limit) - length(area.value);
    const over = left < 0;
    note.textContent = (over ? note.dataset.over : note.dataset.left) + " " + Math.abs(left).toLocaleString(document.documentElement.lang);
    note.classList.toggle("error", over);
  };

  // Spoken only when the typing pauses and little room is left, so that it does not talk over every key.
  let pause;
  const announce = (area) => {
    clearTimeout(pause);
    const note = document.getElementById(area.id + "-count");
    const near = Number(area.dataset.limit) * 0.9;
    pause = setTimeout(() => {
      if (note && length(area.value) >= near) note.setAttribute("aria-live", "polite");
      showCount(area);
    }, 600);
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("textarea[data-limit]")) announce(event.target);
  });

  // A double tap sends one form. The button stays usable: only a repeat within three seconds is ignored.
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    const key = event.submitter || event.target;
    if (Date.now() - (sent.get(key) || 0) < WAIT) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else sent.set(key, Date.now());
  }, true);

  const start = (root) => {
    root.querySelectorAll?.("textarea[data-limit]").forEach((area) => area.value && showCount(area));
    root.querySelector?.(".errors[role=alert]")?.focus();
  };
  start(document);
  document.addEventListener("htmx:after:swap", (event) => start(event.target));
})();
