// A page opened from the disk may not read its neighbours: the search reads their texts out of one script instead
// (made by book/_ext/searchable.py).
if (location.protocol === "file:" && document.querySelector('script[src$="searchtools.js"]')) {
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
