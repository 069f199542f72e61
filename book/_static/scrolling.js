// Formulas are set before the page is seen, those of the first screen first: what is read does not move. One that is wider
// than the page is set a little smaller; what is still too wide, formula, table or code, scrolls in its own box, which then
// fades where it goes on, and is a stop for the Tab key.
{
  const SMALLEST = 0.72; // of the text's size
  const NARROW = 120; // pixels: a formula within a line that is too wide for no place
  const root = document.documentElement;
  const shown = () => root.classList.remove("setting");

  const widths = new WeakMap();
  // Within a line the hidden MathML may be wider than the formula that is seen.
  const whole = (box) =>
    box.matches("span") ? Math.floor(box.querySelector("mjx-math")?.getBoundingClientRect().width ?? 0) : box.scrollWidth;
  const fit = (formula) => {
    if (!formula.clientWidth || widths.get(formula) === formula.clientWidth) return;
    widths.set(formula, formula.clientWidth);
    formula.style.fontSize = "";
    const ratio = formula.clientWidth / whole(formula);
    if (ratio < 1) formula.style.fontSize = `${Math.max(98 * ratio, 100 * SMALLEST)}%`;
  };
  const mark = (box) => {
    const beyond = whole(box) - box.clientWidth;
    const sides = [box.scrollLeft > 1 && "left", box.scrollLeft < beyond - 1 && "right"].filter(Boolean);
    if (beyond > 1) {
      box.dataset.more = sides.join(" ");
      box.tabIndex = 0;
    } else if ("more" in box.dataset) {
      delete box.dataset.more;
      box.removeAttribute("tabindex");
    }
  };
  const sized = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      if (!target.matches("pre, div")) fit(target);
      mark(target);
    }
  });
  const watch = () => {
    for (const box of document.querySelectorAll("article :is(mjx-container[display], .pst-scrollable-table-container, pre)"))
      sized.observe(box);
    for (const box of document.querySelectorAll("article span.math"))
      if (!box.clientWidth || whole(box) > NARROW) sized.observe(box);
  };
  document.addEventListener("scroll", ({ target }) => target.dataset?.more !== undefined && mark(target), true);

  // On a narrow screen a row of a table is a card (custom.css): each cell says what its column is. What is not displayed as
  // a table is none to a screen reader, unless it is told.
  const label = (table) => {
    const heads = [...table.querySelectorAll("thead th")];
    table.setAttribute("role", "table");
    for (const part of table.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, k) => {
        cell.setAttribute("role", cell.closest("thead") ? "columnheader" : "cell");
        const empty = !cell.textContent.trim() && !cell.querySelector("img, svg");
        const titled = !k && !/^[\d.\s]+$/.test(cell.textContent); // a number says nothing by itself
        if (titled || empty || cell.closest("thead") || !heads[k]) return;
        const says = document.createElement("span");
        says.className = "column";
        says.setAttribute("aria-hidden", "true");
        says.append(...(heads[k].querySelector("p") ?? heads[k]).cloneNode(true).childNodes);
        cell.prepend(says);
      });
    }
  };

  // No line begins with the comma that follows a formula, none ends with the bracket before it: they stand in one box, and so
  // does a number bound to it by a no-break space (to that, or a word joiner, Chromium does not listen beside a formula).
  const join = (formula) => {
    const words = (node) => (node?.nodeType === Node.TEXT_NODE ? node.data : "");
    const { previousSibling: before, nextSibling: after } = formula;
    const opens = words(before).match(/[([“‘]+$/)?.[0] ?? "";
    const closes = words(after).match(/^[,.;:!?)\]’”]+/)?.[0] ?? "";
    const bound = (space, number) => (words(space) === "\u00a0" && number ? [space, number] : []);
    const [left, right] = [bound(before, before?.previousSibling).reverse(), bound(after, after?.nextSibling)];
    if (![opens, closes, ...left, ...right].some(Boolean)) return;
    const held = document.createElement("span");
    held.className = "held";
    formula.before(held);
    if (opens) before.data = before.data.slice(0, -opens.length);
    if (closes) after.data = after.data.slice(closes.length);
    held.append(...left, opens, formula, closes, ...right);
  };
  const unbroken = (word) => Object.assign(document.createElement("span"), { className: "held", textContent: word });
  const hang = (block) =>
    block.replaceChildren(...block.textContent.trimEnd().split("\n").map((words) => {
      const line = document.createElement("span");
      line.className = "line";
      line.append(...(words || " ").split(/(--[a-z-]+)/).map((part, k) => (k % 2 ? unbroken(part) : part)));
      return line;
    }));
  const ready = () => {
    document.querySelectorAll("article .highlight-myst-ansi pre").forEach(hang);
    document.querySelectorAll("article table:has(thead)").forEach(label);
    document.querySelectorAll("article span.math").forEach(join);
  };

  if (window.MathJax) {
    const raw = () => [...document.querySelectorAll("article .math:not(:has(mjx-container))")];
    const near = (formula) => formula.checkVisibility() && formula.getBoundingClientRect().top < 1.5 * innerHeight;
    root.classList.add("setting");
    addEventListener("load", () => setTimeout(shown, 10_000)); // whatever happens
    window.MathJax.startup = {
      ...window.MathJax.startup,
      pageReady: async () => {
        ready();
        for (let first = raw().filter(near); first.length && !location.hash; first = raw().filter(near))
          await window.MathJax.typesetPromise(first);
        if (!location.hash) shown();
        await window.MathJax.typesetPromise();
        watch();
        shown();
      },
    };
  } else {
    addEventListener("DOMContentLoaded", () => { ready(); watch(); });
  }
}
