// The search page. A page opened from the disk may not read its neighbours: their texts, and where in them each anchor begins,
// come out of one script (book/_ext/searchable.py).
if (location.pathname.endsWith("/search.html")) {
  // An anchor with a dot in it, as in the page of the library, is no CSS selector: it is looked up by name.
  // What has a number comes first when its number was asked for.
  const improve = () => {
    const whole = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      page.querySelectorAll(".headerlink, script, style, svg, .words").forEach((useless) => useless.remove());
      const place = anchor ? page.getElementById(anchor.slice(1)) : null;
      const text = (place?.querySelector(":scope > figcaption") ?? place)?.textContent.trim();
      return text?.replace(/^Fig\./, "Figure") ?? whole(html); // an excerpt begins where a word of the question stands
    };
    Scorer.score = ([, title, anchor, , score]) => score + (anchor && / \d[\d.]*$/.test(title) ? 10 : 0);
  };
  // As soon as the search's own script has run, and before it lists anything.
  document.addEventListener("load", (event) => event.target.src?.includes("searchtools") && improve(), true);
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
