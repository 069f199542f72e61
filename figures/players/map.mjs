// The map of the book's theorems: choose data, loss and start; which theorem applies, and what it says of the limit.

import { element, stage } from "./kit.mjs";

function render({ model, el }) {
  const figure = stage(el, "the map");
  const { axes, entries } = model.get("state");
  const chosen = Object.fromEntries(axes.map(({ name, options }) => [name, options[0]]));
  const rows = axes.map(({ name, options }) => {
    const row = element("div", { class: "choices", role: "group", "aria-label": name }, element("span", { class: "head" }, `${name}:`));
    const buttons = options.map((option) => {
      const pick = element("button", { type: "button" }, option);
      pick.addEventListener("click", () => ((chosen[name] = option), draw()));
      return pick;
    });
    row.append(element("div", {}, ...buttons));
    return { row, name, options, buttons };
  });
  const answer = element("dl", { class: "answer" });
  figure.panels.append(element("div", { class: "map" }, ...rows.map(({ row }) => row), answer));

  function draw() {
    rows.forEach(({ name, options, buttons }) =>
      buttons.forEach((pick, k) => pick.setAttribute("aria-pressed", String(options[k] === chosen[name]))),
    );
    const found = entries.find((entry) => axes.every(({ name }) => entry.where[name] === chosen[name]));
    const lines = found ? [["Chapter", found.theorem], ["Hypotheses, as checked", found.checked], ["Limit", found.limit], ["Certificate", found.certificate]] : [];
    answer.replaceChildren(...lines.flatMap(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]));
    const choice = axes.map(({ name }) => chosen[name]).join(" · ");
    figure.say(found ? `${choice}: answered in “${found.theorem}”.` : `${choice}: no theorem of this book says in general where training ends.`);
    model.set("entry", found ? entries.indexOf(found) : null);
  }
  draw();
  return () => {};
}

export default { render };
