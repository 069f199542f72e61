// What every moving figure shares: drawing in SVG, a panel with coordinates, draggable points, controls, the text.

const SVG = "http://www.w3.org/2000/svg";

const filled = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
export const element = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
export const shape = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

// --- numbers as words ------------------------------------------------------------------------------

/** A number with `digits` decimals, or in powers of ten where that would say nothing; a true minus sign. */
export function text(value, digits = 2) {
  if (value === null || !Number.isFinite(value)) return value === -Infinity ? "−∞" : "∞";
  const size = Math.abs(value);
  const plain = size === 0 || (size < 1e5 && size >= 0.5 * 10 ** -digits);
  const [head, exponent] = plain ? [value.toFixed(digits)] : value.toExponential(digits).split("e");
  const number = exponent ? `${head} × 10${superscript(Number(exponent))}` : head;
  return number.replace("-", "−");
}

/** log t: a tenth is seen near the start, and not after ten thousand. */
export const moment = (log_t) => text(Math.abs(log_t) < 0.05 ? 0 : log_t, Math.abs(log_t) >= 1e3 && Math.abs(log_t) < 1e5 ? 0 : 1);

export const superscript = (n) => [...String(n)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
export const subscript = (n) => [...String(n)].map((c) => "₀₁₂₃₄₅₆₇₈₉"[c]).join("");
export const degrees = (u) => `${Math.round((Math.atan2(u[1], u[0]) * 180) / Math.PI + 360) % 360}°`;
export const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// --- the stage: panels, controls, text -------------------------------------------------------------

/** The empty figure: `panels`, `controls`, and `say(words)`, which tells a screen reader what the figure now shows. */
export function stage(el, name) {
  const panels = element("div", { class: "panels" });
  const controls = element("div", { class: "controls", role: "group", "aria-label": `Controls: ${name}` });
  const words = element("p", { class: "words", "aria-live": "polite" });
  el.replaceChildren(panels, controls, words);
  const say = (...sentences) => {
    const said = sentences.filter(Boolean).join(" ");
    if (said !== words.textContent) words.textContent = said;
  };
  const hush = (quiet) => words.setAttribute("aria-live", quiet ? "off" : "polite");
  return { el, panels, controls, say, hush };
}

/** A drawing that is as wide as its place, so that its text keeps its size; `ratio` is height over width. */
export class Panel {
  constructor(stage, { name, ratio = 1, widest = 460, head = "" }) {
    this.ratio = ratio;
    this.ink = shape("g");
    this.words = shape("g"); // over the lines
    this.handles = shape("g");
    this.svg = shape("svg", { role: "group", "aria-label": name }, this.ink, this.words, this.handles);
    const box = element("div", { class: "panel", style: `max-width: ${widest}px` });
    if (head) box.append(element("div", { class: "head" }, head));
    box.append(this.svg);
    stage.panels.append(box);
    this.view = { x: 0, y: 0, reach: 1 };
    this.measure();
  }

  measure() {
    this.W = Math.max(Math.round(this.svg.getBoundingClientRect().width) || 340, 200);
    this.tall(this.W * this.ratio);
  }

  tall(height) {
    this.H = Math.round(height);
    this.svg.setAttribute("viewBox", `0 0 ${this.W} ${this.H}`);
  }

  clear() {
    this.ink.replaceChildren();
    this.words.replaceChildren();
  }

  get scale() {
    return Math.min(this.W, this.H) / 2 / this.view.reach;
  }

  /** Pixels of a point of the plane, and back. */
  place([x, y]) {
    return [this.W / 2 + this.scale * (x - this.view.x), this.H / 2 - this.scale * (y - this.view.y)];
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top].map((v) => (v * this.W) / box.width);
    return [this.view.x + (px - this.W / 2) / this.scale, this.view.y - (py - this.H / 2) / this.scale];
  }

  draw(tag, attributes, ...children) {
    const drawn = shape(tag, attributes, ...children);
    (tag === "text" ? this.words : this.ink).append(drawn);
    return drawn;
  }

  path(points, look, closed = false) {
    if (points.length === 0) return null;
    return this.draw("path", { class: look, d: outline(points.map((p) => this.place(p)), closed) });
  }

  /** A straight line through the whole panel: from `p` along `direction`, both ways. */
  line(p, direction, look) {
    const long = (4 * this.view.reach * Math.max(this.W, this.H)) / Math.min(this.W, this.H) / Math.hypot(...direction);
    return this.path([-1, 1].map((s) => [p[0] + s * long * direction[0], p[1] + s * long * direction[1]]), look);
  }

  dot(p, look, r = 4) {
    const [cx, cy] = this.place(p);
    return this.draw("circle", { cx, cy, r, class: look });
  }

  label(p, words, look = "", dx = 0, dy = 0, anchor = "middle") {
    const [x, y] = this.place(p);
    return this.draw("text", { x: x + dx, y: y + dy, class: `label ${look}`, "text-anchor": anchor }, words);
  }

  /** The name of a mark at `p`, beyond it as seen from the middle of the panel. */
  beyond(p, words, look = "", far = 13) {
    const long = Math.hypot(...p) || 1;
    return this.label(p, words, look, (far * p[0]) / long, 4 - (far * p[1]) / long);
  }

  arrow(from, to, look, width = 2) {
    const [a, b] = [this.place(from), this.place(to)];
    const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (long < 1e-6) return;
    const e = [(b[0] - a[0]) / long, (b[1] - a[1]) / long];
    const head = Math.min(5 + 2 * width, long);
    const at = (along, across) => [b[0] - along * e[0] - across * e[1], b[1] - along * e[1] + across * e[0]];
    this.draw("path", { class: `line ${look}`, "stroke-width": width, d: outline([a, at(0.8 * head, 0)]) });
    this.draw("path", { class: `solid ${look}`, d: outline([b, at(head, 0.4 * head), at(head, -0.4 * head)], true) });
  }

  /** The mark of example n: a disc for the label +1, a ring for -1. */
  example(p, y, look, r = 6) {
    return this.dot(p, `${y > 0 ? "solid" : "ring"} ${look}`, r);
  }
}

export const outline = (points, closed = false) =>
  `M${points.map((p) => p.map((v) => v.toFixed(2)).join(" ")).join("L")}${closed ? "Z" : ""}`;

// --- what the reader moves -------------------------------------------------------------------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A point that is dragged, or moved with the arrow keys (ten times as far with Shift). It lives on a grid of `step`. */
export function handle(panel, { name, step = 1 / 16, get, set, words, mark }) {
  const grip = shape("circle", { r: 17, class: "grip" });
  const knob = shape("g", { class: "handle", tabindex: 0, role: "slider", "aria-roledescription": "point" }, grip);
  knob.setAttribute("aria-label", name);
  knob.append(mark);
  panel.handles.append(knob);
  const snap = (p) => p.map((v) => Number((Math.round(v / step) * step).toFixed(6)));
  let offset = null;
  knob.addEventListener("pointerdown", (event) => {
    knob.setPointerCapture(event.pointerId);
    const [p, q] = [get(), panel.point(event)];
    offset = [p[0] - q[0], p[1] - q[1]];
  });
  knob.addEventListener("pointermove", (event) => {
    if (!offset) return;
    const q = panel.point(event);
    set(snap([q[0] + offset[0], q[1] + offset[1]]));
  });
  // Inside an SVG, browsers do not heed touch-action; without this the page would scroll away under the finger.
  knob.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  for (const end of ["pointerup", "pointercancel"]) knob.addEventListener(end, () => (offset = null));
  knob.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    if (!move) return;
    event.preventDefault();
    const far = step * (event.shiftKey ? 10 : 1);
    const p = get();
    set(snap([p[0] + far * move[0], p[1] + far * move[1]]), event.key);
  });
  return () => {
    const p = get();
    knob.setAttribute("transform", `translate(${panel.place(p).map((v) => v.toFixed(2))})`);
    knob.setAttribute("aria-valuenow", text(p[0]).replace("−", "-"));
    knob.setAttribute("aria-valuetext", words ? words(p) : `${text(p[0])}, ${text(p[1])}`);
  };
}

/** The point p, or the nearest to it of the square that the panel shows (of `share` of it): nothing is dragged away. */
export const within = (panel, p, share = 1) => {
  const far = share * panel.view.reach;
  return p.map((v) => Math.min(far, Math.max(-far, v)));
};

/** A labelled slider. `show(value)` words its value for the eye, `words(value)` for a screen reader. */
export function slider(stage, { name, min, max, step = "any", value, show, words = show, change }) {
  const input = element("input", { type: "range", min, max, step, value });
  const output = element("span", { class: "value" });
  stage.controls.append(element("label", { class: "slider" }, element("span", {}, name), input, output));
  const tell = () => {
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", words(Number(input.value)));
  };
  input.addEventListener("input", () => (tell(), change(Number(input.value))));
  tell();
  return { input, get: () => Number(input.value), set: (v) => ((input.value = v), tell(), change(v)), tell };
}

export function button(stage, name, press) {
  const made = element("button", { type: "button" }, name);
  made.addEventListener("click", press);
  stage.controls.append(made);
  return made;
}

/** Play, pause and scrub through `count` frames in `seconds`. For whoever asks for less motion, Play is a step. */
export function timeline(stage, { name, count, show, change, start = 0, seconds = 9 }) {
  const last = count - 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let playing = null;
  const pause = () => {
    cancelAnimationFrame(playing);
    playing = null;
    stage.hush(false);
    play.textContent = still.matches ? "Next step" : "Play";
  };
  const run = (since) => (now) => {
    const next = Math.min(last, scrub.get() + ((now - since) / 1000 / seconds) * last);
    scrub.set(next);
    if (next < last) playing = requestAnimationFrame(run(now));
    else pause();
  };
  const play = button(stage, "Play", () => {
    const from = scrub.get() >= last ? 0 : scrub.get();
    if (still.matches) return scrub.set(Math.min(last, from + last / 12));
    if (playing !== null) return pause();
    scrub.set(from);
    stage.hush(true);
    play.textContent = "Pause";
    playing = requestAnimationFrame(run(performance.now()));
  });
  const scrub = slider(stage, { name, min: 0, max: last, value: start, show, change });
  scrub.input.addEventListener("pointerdown", pause);
  still.addEventListener("change", pause);
  pause();
  return { ...scrub, pause };
}

/** Draw now, and again whenever the place gets wider or narrower. Returns what anywidget calls to clean up. */
export function show(panels, draw) {
  const all = () => {
    panels.forEach((panel) => panel.measure());
    draw();
  };
  const watch = new ResizeObserver(() => panels.some((p) => Math.round(p.svg.getBoundingClientRect().width) !== p.W) && all());
  panels.forEach((panel) => watch.observe(panel.svg));
  all();
  return () => watch.disconnect();
}

// --- time ------------------------------------------------------------------------------------------

/** Linear interpolation in a list of (nested) numbers at the real index `at`. */
export function between(list, at) {
  const k = Math.min(Math.floor(at), list.length - 2);
  return list.length === 1 ? list[0] : mix(list[k], list[k + 1], at - k);
}

export const mix = (a, b, t) =>
  Array.isArray(a) ? a.map((v, i) => mix(v, b[i], t)) : a === null || b === null ? a : t === 0 ? a : a + t * (b - a);
