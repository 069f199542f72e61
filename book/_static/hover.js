// A link to a theorem, a definition, an equation, a source or a word shows what it says: under the pointer, or when the keyboard
// reaches it. Escape closes it; the pointer may move onto it. PREVIEWS (page#anchor -> HTML) is made by book/_ext/previews.py.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (!article || typeof PREVIEWS === "undefined") return;
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  const textOf = (link) => (link.href.startsWith(root) ? PREVIEWS[link.href.slice(root.length)] : undefined);

  const box = document.createElement("div");
  Object.assign(box, { id: "preview", className: "preview", role: "tooltip", hidden: true });
  article.append(box);
  let shown = null; // the link whose text is in the box
  let timer = null;

  const hide = () => {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  };

  // Under the link, or above it where there is no room; never wider than the page.
  const place = (link) => {
    const [at, home] = [link.getClientRects()[0], box.offsetParent.getBoundingClientRect()];
    const right = document.documentElement.clientWidth - 12 - box.offsetWidth;
    const above = at.bottom + box.offsetHeight + 12 > innerHeight && at.top > box.offsetHeight + 12;
    box.style.left = `${Math.max(12, Math.min(at.left, right)) - home.left}px`;
    box.style.top = `${(above ? at.top - box.offsetHeight - 6 : at.bottom + 6) - home.top}px`;
  };

  const show = async (link) => {
    hide();
    shown = link;
    link.removeAttribute("title"); // or the browser shows a source twice
    box.innerHTML = textOf(link);
    box.hidden = false;
    link.setAttribute("aria-describedby", "preview");
    place(link);
    await window.MathJax?.typesetPromise?.([box]);
    if (shown === link) place(link);
    dispatchEvent(new Event("resize")); // what is wide in it scrolls
  };

  const later = (action, wait) => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
  const linkAt = (event) => {
    const link = event.target.closest?.("a.reference.internal[href*='#']");
    return link && !box.contains(link) && textOf(link) ? link : null;
  };

  article.addEventListener("mouseover", (event) => {
    const link = linkAt(event);
    if (link && link !== shown) later(() => show(link), 250);
    else if (link || box.contains(event.target)) clearTimeout(timer);
    else later(hide, 250);
  });
  article.addEventListener("mouseleave", () => later(hide, 250));
  article.addEventListener("focusin", (event) => linkAt(event)?.matches(":focus-visible") && show(linkAt(event)));
  article.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
