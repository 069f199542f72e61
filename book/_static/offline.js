// The search page. An anchor with a dot in it, as in the page of the library, is no CSS selector: it is looked up by name.
// A page opened from the disk may not read its neighbours: their texts come out of one script (book/_ext/searchable.py).
if (location.pathname.endsWith("/search.html")) {
  const byName = () => {
    const whole = Search.htmlToText;
    Search.htmlToText = (html, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      const place = anchor && page.getElementById(anchor.slice(1));
      return place ? place.textContent : whole(html);
    };
  };
  // As soon as the search's own script has run, and before it lists anything.
  document.addEventListener("load", (event) => event.target.src?.includes("searchtools") && byName(), true);
}
if (location.protocol === "file:" && location.pathname.endsWith("/search.html")) {
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  const loaded = new Promise((done) => {
    const script = Object.assign(document.createElement("script"), { src: `${root}_static/texts.js`, onload: done });
    document.head.append(script);
  });
  window.fetch = async (address) => {
    await loaded;
    const page = document.createElement("div");
    page.setAttribute("role", "main");
    page.textContent = TEXTS[new URL(address, location.href).href.slice(root.length)] ?? "";
    return { text: async () => page.outerHTML };
  };
}
