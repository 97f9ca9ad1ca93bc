// Meeting times by one's own clock, and all of a day with one tap. The paper works without, by the co-op's clock.
(() => {
  "use strict";
  const all = (root, what) => [...root.querySelectorAll(what)];
  const own = document.documentElement.lang, lang = own === "en" ? "en-GB" : own;
  const day = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  const byOwnClock = (paper) => {
    const note = paper.querySelector("[data-zone]"), heads = all(paper, "[data-day]"), days = new Map();
    all(paper, ".slot").forEach((slot) => {
      const time = slot.querySelector("time"), at = new Date(time.dateTime), name = day.format(at);
      time.textContent = clock.format(at);
      slot.querySelector("legend .sr").textContent = `${name}, `;
      days.set(name, [...(days.get(name) || []), slot]);
    });
    note.textContent = note.dataset.zone.replace("{zone}", day.resolvedOptions().timeZone);
    const fresh = [...days].map(([name, slots]) => {
      const head = heads[0].cloneNode(true);
      all(head, ".slot").forEach((slot) => slot.remove());
      head.querySelector("b").textContent = name;
      head.querySelector("[data-all]").hidden = false;
      head.append(...slots);
      return head;
    });
    note.after(...fresh);
    heads.forEach((head) => head.remove());
    paper.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-all]");
      if (button) all(button.closest("[data-day]"), "[value='2']").forEach((radio) => { radio.checked = true; });
    });
  };

  const begin = () => all(document, "[data-times='']").forEach((paper) => {
    paper.dataset.times = "own";
    byOwnClock(paper);
  });
  begin();
  document.addEventListener("htmx:after:swap", begin);
})();
