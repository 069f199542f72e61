// A formula that is wider than the page scrolls in its own box; then, and only then, the box is a stop for the Tab key.
window.addEventListener("load", async () => {
  const mark = () => {
    for (const box of document.querySelectorAll("article :is(div.math, mjx-container[display])")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  await window.MathJax?.startup?.promise;
  mark();
  window.addEventListener("resize", mark);
  document.addEventListener("toggle", mark, true); // what was folded has had no width
});
