// Which extremal direction a small neuron ends at, for every direction it may start from, on the circle.

import { Panel, button, degrees, handle, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { along, climb, growth, unit } from "./plane.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
// not the blue and the vermillion of the two classes
const HUES = ["#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#7a5cc0", "#b8a800", "#7f7f7f", "#a0522d"];
const STARTS = 720;
const RAD = Math.PI / 180;
const FIRST = 57; // degrees
const close = (a, b) => Math.cos(a - b) > 1 - 1e-9;

/** The ends, by angle, and for each of the starts k (at the angle of (k + 1/2) / STARTS turns) which end it reaches. */
export function basins(X, lam, s) {
  const ends = [];
  const reached = Array.from({ length: STARTS }, (_, k) => {
    const found = climb(X, lam, s, ((k + 0.5) * 2 * Math.PI) / STARTS);
    if (found === null) return -1;
    const known = ends.findIndex((other) => close(other, found.end));
    return known >= 0 ? known : ends.push(found.end) - 1;
  });
  return { ends, reached };
}

function render({ model, el }) {
  const figure = stage(el, "basins");
  const { X: original, lam } = model.get("state");
  const y = lam.map((l) => (l < 0 ? -1 : 1));
  let [X, s, start] = [original, 1, FIRST * RAD];
  const panel = new Panel(figure, { name: "Basins on the circle of directions", widest: 460 });
  panel.view.reach = 1.75;
  const size = Math.max(...original.map((x) => Math.hypot(...x)));
  const scaled = (x) => along(x, 0.9 / size);

  const drag = X.map((_, n) =>
    handle(panel, {
      name: `Example ${n + 1}`, step: 0.025,
      get: () => scaled(X[n]),
      set: (p) => ((X = X.map((x, k) => (k === n ? along(within(panel, p), size / 0.9) : x))), model.set("X", X), draw()),
      words: () => `${text(X[n][0])}, ${text(X[n][1])}`,
      mark: shape("circle", { r: 5.5, class: `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}` }),
    }),
  );
  const dial = slider(figure, {
    name: "start of a neuron", min: 0, max: 360, step: 1, value: FIRST, show: (v) => `${v}°`,
    change: (v) => ((start = v * RAD), draw()),
  });
  const swap = button(figure, "", () => ((s = -s), draw()));
  button(figure, "Reset", () => ((X = original), model.set("X", X), draw()));

  function drawRing({ ends, reached }) {
    const at = (k, r) => along(unit((k * 2 * Math.PI) / STARTS), r);
    for (let from = 0; from < STARTS; ) {
      let to = from;
      while (to < STARTS && reached[to] === reached[from]) to++;
      const arc = (r) => Array.from({ length: to - from + 1 }, (_, k) => at(from + k, r));
      const ring = panel.path([...arc(1), ...arc(1.1).reverse()], reached[from] < 0 ? "area soft" : "solid", true);
      if (reached[from] >= 0) ring.style.setProperty("--c", HUES[reached[from] % HUES.length]);
      from = to;
    }
    ends.forEach((end, k) => {
      const arrow = panel.draw("g", { style: `--c: ${HUES[k % HUES.length]}` });
      const before = panel.ink.childNodes.length;
      panel.arrow([0, 0], unit(end), "", 2.4);
      arrow.append(...[...panel.ink.childNodes].slice(before));
      panel.label(along(unit(end), 1.62), degrees(unit(end)), "tiny strong", 0, 4);
    });
  }

  function drawGrowth() {
    const values = Array.from({ length: 361 }, (_, k) => s * growth(X, lam, unit((k * Math.PI) / 180)));
    const top = Math.max(...values.map(Math.abs)) || 1;
    const at = (k, v) => along(unit((k * Math.PI) / 180), 1.3 + 0.2 * (v / top));
    panel.path(values.map((_, k) => at(k, 0)), "line thin dash soft", true);
    panel.path(values.map((v, k) => at(k, v)), "line soft", true);
  }

  function drawStart(path) {
    panel.arrow([0, 0], along(unit(start), 0.8), "soft", 1.4);
    if (path === null) return;
    const turn = path.way * ((path.way * (path.end - start) + 4 * Math.PI) % (2 * Math.PI));
    panel.path(Array.from({ length: 41 }, (_, k) => along(unit(start + (turn * k) / 40), 0.8)), "line thin dash soft");
  }

  function draw() {
    const all = basins(X, lam, s);
    const path = climb(X, lam, s, start);
    swap.textContent = s > 0 ? "Show negative neurons" : "Show positive neurons";
    panel.clear();
    drawGrowth();
    drawRing(all);
    drawStart(path);
    X.forEach((x, n) => panel.label(scaled(x), `x${subscript(n + 1)}`, `tiny ${LOOK[y[n]]}`, 0, -10));
    drag.forEach((place) => place());
    const part = (k) => (360 * all.reached.filter((r) => r === k).length) / STARTS;
    const share = (k) => (part(k) < 360 ? `${part(k)}° of the circle` : "the whole circle");
    const reached = all.ends.map((e, k) => `${degrees(unit(e))} ${k ? "" : "is reached "}from ${share(k)}`).join("; ");
    const whole = part(0) === 360 && `Almost all directions end at ${degrees(unit(all.ends[0]))}.`;
    figure.say(
      `A ${s > 0 ? "positive" : "negative"} neuron that starts at ${text(start / RAD, 0)}° ${path === null ? "is dead: nothing pulls it" : `ends at ${degrees(unit(path.end))}`}.`,
      all.ends.length ? whole || `${reached}.` : "No direction is pulled anywhere.",
      all.reached.includes(-1) && `From ${share(-1)} neurons die.`,
    );
    model.set("ends", all.ends);
  }
  return show([panel], draw);
}

export default { render };
