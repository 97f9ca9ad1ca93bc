// Papers with places or points; every paper works without.
(() => {
  "use strict";
  const all = (root, what) => [...root.querySelectorAll(what)];
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
  const block = (button, is) => button.setAttribute("aria-disabled", is);

  // The selects are the truth. Levels: rows that share a place.
  const field = (row) => row.querySelector("select");
  const place = (row) => Number(field(row).value);
  const levelsOf = (rows) => {
    const levels = [];
    rows.forEach((row) => place(row) && (levels[place(row)] ||= []).push(row));
    return levels.filter(Boolean);
  };
  const find = (levels, row) => levels.findIndex((level) => level.includes(row));

  const ranking = (list) => {
    const rows = all(list, ".slip"), rest = list.querySelector("[data-rest]");
    const isShared = list.dataset.ranking === "levels";
    const others = (row) => levelsOf(rows.filter((other) => other !== row));

    const draw = (moved) => {
      const levels = levelsOf(rows), unranked = all(list, ".slip").filter((row) => !place(row));
      const focused = document.activeElement;
      list.append(...levels.flat(), rest, ...unranked);
      if (list.contains(focused)) focused.focus();
      rest.hidden = !unranked.length;
      rows.forEach((row) => {
        const [up, down] = all(row, ".nudge"), level = levels[find(levels, row)] || [];
        row.classList.toggle("tied", level.indexOf(row) > 0);
        block(up, level === levels[0] && level.length === 1);
        block(down, !level.length);
      });
      if (!moved) return;
      const level = levels[find(levels, moved)];
      list.nextElementSibling.textContent = fill(level?.length > 1 ? list.dataset.shared : list.dataset.said, {
        option: moved.querySelector("bdi").textContent,
        place: level ? field(moved).selectedOptions[0].text : list.dataset.none,
      });
    };
    const set = (row, levels) => {
      rows.forEach((one) => { field(one).value = find(levels, one) + 1 || ""; });
      draw(row);
    };

    // One step: out of a shared place; into the next where places can be shared, else past it; at last, out.
    const step = (row, by) => {
      const now = levelsOf(rows), at = find(now, row), next = at < 0 ? null : now[at + by], levels = others(row);
      if (at < 0 && by < 0) levels.push([row]);
      else if (now[at]?.length > 1) levels.splice(by < 0 ? at : at + 1, 0, [row]);
      else if (next && isShared) levels[find(levels, next[0])].push(row);
      else if (next || at + by < 0) levels.splice(Math.max(0, at + by), 0, [row]);
      set(row, levels);
    };

    // A place given moves the others on.
    const give = (row) => {
      if (isShared) return draw(row);
      const levels = others(row);
      if (place(row)) levels.splice(place(row) - 1, 0, [row]);
      set(row, levels);
    };

    const drop = (row) => {
      const levels = others(row), at = find(levels, row.previousElementSibling);
      if (levels[at]?.includes(row.nextElementSibling)) levels[at].push(row);
      else if (row.compareDocumentPosition(rest) & 4) levels.splice(at + 1, 0, [row]); // 4: the rest follows
      set(row, levels);
    };

    const drag = (row) => {
      const move = ({ clientY }) => {
        const below = ({ top, height }) => clientY < top + height / 2;
        const next = [...list.children].find((one) => one !== row && below(one.getBoundingClientRect())) || null;
        if (row.nextElementSibling !== next) list.insertBefore(row, next);
      };
      const end = new AbortController(), { signal } = end;
      const stop = () => {
        end.abort();
        row.classList.remove("moving");
        drop(row);
      };
      rest.hidden = false;
      row.classList.add("moving");
      addEventListener("pointermove", move, { signal });
      addEventListener("pointerup", stop, { signal });
      addEventListener("pointercancel", stop, { signal });
    };

    list.addEventListener("click", ({ target }) => {
      const button = target.closest(".nudge");
      if (button) step(button.closest(".slip"), Number(button.dataset.step));
    });
    list.addEventListener("change", ({ target }) => give(target.closest(".slip")));
    list.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest("[data-grip]");
      if (!grip || event.button) return;
      event.preventDefault();
      drag(grip.closest(".slip"));
    });
    draw();
  };

  const points = (list) => {
    const fields = all(list, "input"), note = list.parentElement.querySelector("[data-left]");
    const value = (one) => Number(one.value) || 0;
    const count = () => {
      const left = fields.reduce((sum, one) => sum - value(one), Number(list.dataset.budget || Infinity));
      if (note) {
        const n = Math.abs(left).toLocaleString(document.documentElement.lang);
        note.textContent = fill(left < 0 ? note.dataset.over : note.dataset.left, { n });
        note.classList.toggle("error", left < 0);
        note.hidden = false;
      }
      fields.forEach((one) => {
        const [less, more] = all(one.parentElement, ".nudge");
        block(less, value(one) <= 0);
        block(more, value(one) >= one.dataset.highest || left <= 0);
      });
    };
    list.addEventListener("input", count);
    list.addEventListener("click", ({ target }) => {
      const button = target.closest(".nudge:not([aria-disabled=true])");
      const one = button?.parentElement.querySelector("input");
      if (one) one.value = value(one) + Number(button.dataset.step);
      count();
    });
    count();
  };

  const begin = () => Object.entries({ ranking, points }).forEach(([kind, start]) => {
    all(document, `[data-${kind}]:not([data-moves])`).forEach((list) => {
      list.dataset.moves = "";
      all(list, "[data-grip],.nudge").forEach((thing) => { thing.hidden = false; });
      start(list);
    });
  });
  begin();
  document.addEventListener("htmx:after:swap", begin);
})();
