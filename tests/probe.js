// What is wrong with the page that is open, as a list of sentences. Runs in the page, after MathJax is done; `opening` says
// that nothing was unfolded or changed yet, `tables` that tables are what the page is for.
async ({ opening, tables }) => {
  const complaints = [];
  const complain = (what, element) =>
    complaints.push(`${what}: ${(element.outerHTML ?? element.textContent).replace(/\s+/g, " ").slice(0, 160)}`);
  const article = document.querySelector("article") ?? document.body;
  const unread = "script, style, noscript, code, pre, kbd, mjx-container, math, textarea, .headerlink";

  const textsOf = (root) => {
    const texts = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.textContent.trim()) texts.push(walker.currentNode);
    return texts;
  };

  // Formulas: MathJax's error nodes, and TeX or a MyST role that nothing rendered.
  document.querySelectorAll("mjx-merror, [data-mjx-error]").forEach((node) => complain("TeX error", node));
  const raw = /\\[([]|\\[a-zA-Z]+|\$|\{[a-z]+(:[a-z]+)?\}`/;
  textsOf(article)
    .filter((text) => !text.parentElement.closest(unread) && raw.test(text.textContent))
    .forEach((text) => complain("unrendered source", text));
  document.querySelectorAll(".math").forEach((node) => {
    if (!node.querySelector("mjx-container")) complain("formula not set", node);
  });

  // Pictures: shown, described, captioned.
  document.querySelectorAll("img").forEach((img) => {
    if (!img.getAttribute("alt")?.trim()) complain("no alt text", img);
    if (!(img.complete && img.naturalWidth)) complain("picture not shown", img);
  });
  document.querySelectorAll(".cell_output img, .cell_output > :is(svg, .plots)").forEach((picture) => {
    if (!picture.closest("figure")?.querySelector("figcaption")?.textContent.trim()) complain("no caption", picture);
  });

  document.querySelectorAll(".cell_output figure").forEach((figure) => {
    if (!figure.querySelector("img, svg, .player, object, video")) complain("figure without a picture", figure);
  });

  // Width: nothing sticks out of the page unless it scrolls in its own box.
  if (document.documentElement.scrollWidth > innerWidth) complaints.push("the page scrolls sideways");
  const contained = (element) => {
    for (let box = element.parentElement; box && box !== article.parentElement; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible" && box.getBoundingClientRect().right <= innerWidth + 1) return true;
    return false;
  };
  // On a wide screen a formula that has to be scrolled is one to break.
  const wide = innerWidth < 1200 ? [] : article.querySelectorAll("div.math, mjx-container[display]");
  wide.forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) complain("too wide", box);
  });
  article.querySelectorAll("*").forEach((element) => {
    const sticksOut = element.getBoundingClientRect().right > innerWidth + 1;
    if (sticksOut && !element.closest("mjx-assistive-mml") && !contained(element)) complain("sticks out", element);
  });

  // Keyboard: what scrolls can be reached by the Tab key, or holds something that can.
  const stops = "a[href], button, input, select, textarea, summary, [tabindex]";
  document.body.querySelectorAll("*").forEach((box) => {
    const { overflowX, overflowY } = getComputedStyle(box);
    const scrolls = (overflow, whole, shown) => /auto|scroll/.test(overflow) && whole > shown + 1;
    if (!scrolls(overflowX, box.scrollWidth, box.clientWidth) && !scrolls(overflowY, box.scrollHeight, box.clientHeight)) return;
    const reached = [box, ...box.querySelectorAll(stops)].some((stop) => stop.tabIndex >= 0 && !stop.disabled);
    if (!reached && box.checkVisibility({ visibilityProperty: true })) complain("scrolls without the keyboard", box);
  });

  // A box of the text that scrolls says so: it fades where it goes on. (An editor has a caret, and bars of its own.)
  article.querySelectorAll(":not(textarea)").forEach((box) => {
    const scrolls = /auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth + 1;
    if (scrolls && !box.dataset.more && box.checkVisibility()) complain("scrolls without a hint", box);
  });

  // Formulas within a line: whole, or with that hint, and on one line with the mark that follows.
  article.querySelectorAll("span.math").forEach((box) => {
    const whole = box.querySelector("mjx-math")?.getBoundingClientRect().width ?? 0;
    if (whole > box.clientWidth + 2 && box.clientWidth && !box.dataset.more && box.checkVisibility()) complain("cut off", box);
    const next = box.parentElement.matches(".held") ? "" : box.nextSibling?.data;
    if (/^[,.;:!?)]/.test(next)) complain("a mark may leave its formula", box);
  });

  // Fingers: 44 pixels for what is not a word of the text.
  const targets = matchMedia("(pointer: coarse)").matches
    ? document.querySelectorAll("button, select, summary, input, label, nav a, .handle .grip, .chapter-map .reach") : [];
  targets.forEach((target) => {
    const { width, height } = target.getBoundingClientRect();
    const met = Math.min(width, height) > 43.5 || !width || target.closest("label")?.getBoundingClientRect().height > 43.5;
    const shown = target.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (shown && !met) complain(`a target of ${width.toFixed(0)} by ${height.toFixed(0)} pixels`, target);
  });

  // On a phone a point that is dragged and what the figure says of it are on one screen.
  const at = [scrollX, scrollY];
  const points = innerWidth > 600 ? [] : [...document.querySelectorAll(".player .handle")].filter((p) => p.checkVisibility());
  for (const point of points) {
    point.scrollIntoView({ block: "center", behavior: "instant" });
    const says = point.closest(".player").querySelector(".words").getBoundingClientRect();
    if (says.top < 0 || says.bottom > innerHeight + 1) complain("a point without its readout in sight", point);
  }
  scrollTo({ left: at[0], top: at[1], behavior: "instant" });

  // As it opens: nothing moves under the reader's eye, and ideas are not buried under code and tables of checks.
  if (opening) {
    for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: "layout-shift", buffered: true });
    const shifts = observer.takeRecords().filter((shift) => !shift.hadRecentInput);
    const moved = shifts.reduce((sum, shift) => sum + shift.value, 0);
    const first = shifts.flatMap((shift) => shift.sources).map((source) => source.node?.textContent?.slice(0, 60))[0];
    if (moved > 0.05) complaints.push(`what is read moves: layout shift ${moved.toFixed(3)}: ${first}`);

    const blocks = "table, .cell_input, div.highlight:not(.cell_output *), details:is(.check, .code, .hide)";
    const outermost = [...article.querySelectorAll(blocks)].filter((b) => b.checkVisibility() && !b.parentElement.closest(blocks));
    const share = outermost.reduce((sum, b) => sum + b.offsetHeight, 0) / article.offsetHeight;
    if (!tables && innerWidth > 1200 && share > 0.1) complaints.push(`code and tables take ${(100 * share).toFixed(0)} % of the page`);
  }

  // Contrast of the text with what lies behind it (WCAG 2 AA: 4.5, or 3 for large text).
  // The browser itself reads every notation of a colour (rgb, oklab, color-mix): one pixel of a canvas.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const channels = (css) => {
    if (!known.has(css)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(css, [r, g, b, a / 255]);
    }
    return known.get(css);
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const background = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = channels(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, background(element.parentElement));
  };
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const contrast = (element) => {
    const ground = background(element);
    const pair = [luminance(over(channels(getComputedStyle(element).color), ground)), luminance(ground)];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const elements = new Set(textsOf(document.body).map((text) => text.parentElement));
  elements.forEach((element) => {
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 600);
    const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const hidden = element.closest("mjx-assistive-mml, .headerlink, script, style, svg, :disabled");
    if (shown && !hidden && contrast(element) < (large ? 3 : 4.5))
      complain(`contrast ${contrast(element).toFixed(2)}`, element);
  });

  // Words in a plot are shapes; its colours are those of a graphic.
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  document.querySelectorAll("svg.plot g:has(> use)").forEach((word) => {
    const ground = background(word.closest("svg"));
    const [ink, paper] = [over(channels(getComputedStyle(word).fill), ground), ground].map(luminance);
    if (ratio(ink, paper) < 3) complain(`a word of a plot has contrast ${ratio(ink, paper).toFixed(2)}`, word);
  });

  // They are large enough to be read, nine pixels less what other fonts take: a hundredth of its font size is the scale
  // of a word. (The scripts of formulas are smaller.)
  document.querySelectorAll(".plots").forEach((plot) => {
    const scale = (part) => Math.hypot(part.getScreenCTM().a, part.getScreenCTM().b);
    const words = plot.checkVisibility() ? [...plot.querySelectorAll("g:has(> use)")] : [];
    const [first, ...others] = [...plot.children].map(scale); // the windows; all words are in the first
    const smallest = Math.min(...words.map(scale)) * 100 * Math.min(1, ...others.map((other) => other / first));
    if (smallest < 8.6) complain(`a word of a plot is ${smallest.toFixed(1)} pixels high`, plot);
  });

  return complaints;
};
