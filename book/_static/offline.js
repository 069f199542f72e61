// The search page. A page opened from the disk may not read its neighbours: their texts, and where in them each anchor begins,
// come out of one script (book/_ext/searchable.py).
if (location.pathname.endsWith("/search.html")) {
  // In an excerpt a formula is words: the name of a sign in TeX is nearly always that of a character in HTML.
  const signs = new Map(Object.entries({ infty: "∞", lVert: "‖", rVert: "‖", to: "→", iff: "⇔", in: "∈", dots: "…", ldots: "…" }));
  const LOOKS = /^(text\w*|math\w*|operatorname|left|right|q?quad|[bB]igg?[lrm]?|t?frac|limits|displaystyle|bar|hat|dot|tilde)$/;
  const named = (name) => {
    const { textContent } = new DOMParser().parseFromString(`&${name};`, "text/html").body;
    return textContent === `&${name};` ? `${name} ` : textContent;
  };
  const sign = (name) => {
    if (!signs.has(name)) signs.set(name, LOOKS.test(name) ? " " : named(name));
    return signs.get(name);
  };
  const plain = (tex) =>
    tex.replace(/\\(begin|end|label)\{[^}]*\}/g, " ").replace(/\\t?frac\{([^{}]*)\}\{([^{}]*)\}/g, "($1)/($2)")
      .replace(/\\([a-zA-Z]+) ?/g, (_, name) => sign(name)).replace(/\\\|/g, "‖").replace(/\\[^a-zA-Z]|[{}&]/g, " ")
      .replace(/\s+/g, " ").trim();
  const readable = (text) => text.replace(/\\\((.*?)\\\)|\\\[(.*?)\\\]/gs, (_, inline, display) => plain(inline ?? display));
  // An anchor with a dot in it, as in the page of the library, is no CSS selector: it is looked up by name.
  const told = (html, anchor, whole) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".headerlink, script, style, svg, .words").forEach((useless) => useless.remove());
    const place = anchor ? page.getElementById(anchor.slice(1)) : null;
    const text = (place?.querySelector(":scope > figcaption") ?? place)?.textContent.trim();
    return text?.replace(/^Fig\./, "Figure") ?? whole(html); // an excerpt begins where a word of the question stands
  };
  // What has a number comes first when its number was asked for.
  const improve = () => {
    const whole = Search.htmlToText;
    Search.htmlToText = (html, anchor) => readable(told(html, anchor, whole));
    Scorer.score = ([, title, anchor, , score]) => score + (anchor && / \d[\d.]*$/.test(title) ? 10 : 0);
  };
  // As soon as the search's own script has run, and before it lists anything.
  document.addEventListener("load", (event) => event.target.src?.includes("searchtools") && improve(), true);
  // What was asked is marked on the page that a result leads to; whoever leaves in another way reads without marks.
  let chosen = false;
  document.addEventListener("click", ({ target }) => (chosen = Boolean(target.closest("#search-results a"))), true);
  addEventListener("pagehide", () => chosen || localStorage.removeItem("sphinx_highlight_terms"));
}
if (location.protocol === "file:" && location.pathname.endsWith("/search.html")) {
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  const loaded = new Promise((done) => {
    const script = Object.assign(document.createElement("script"), { src: `${root}_static/texts.js`, onload: done });
    document.head.append(script);
  });
  window.fetch = async (address) => {
    await loaded;
    const [text, starts] = TEXTS[new URL(address, location.href).href.slice(root.length)] ?? ["", {}];
    const page = document.createElement("div");
    const part = (textContent) => page.appendChild(Object.assign(document.createElement("p"), { textContent }));
    part(text).setAttribute("role", "main");
    for (const [anchor, start] of Object.entries(starts)) part(text.slice(start, start + 1000)).id = anchor;
    return { text: async () => page.outerHTML };
  };
}
