// The rectified ellipsoid of two examples: Q, -Q, their hull, a dual direction the reader turns, and its supporting line.

import { Panel, between, handle, moment, shape, show, slider, stage, text, timeline } from "./kit.mjs";
import { along, angleOf, dot, growth, hausdorff, minus, plus, relu, turned, unit } from "./plane.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const RAD = Math.PI / 180;

/** The part of a convex polygon where a'z >= 0. */
export function clipped(polygon, a) {
  return polygon.flatMap((p, k) => {
    const q = polygon[(k + 1) % polygon.length];
    const [f, g] = [dot(a, p), dot(a, q)];
    const crossing = f * g < 0 ? [plus(p, along(minus(q, p), f / (f - g)))] : [];
    return f >= 0 ? [p, ...crossing] : crossing;
  });
}

/** Q = {(Xu)_+ : |u| <= 1}: its part with both coordinates positive, and how far it reaches along each axis. */
export function rectified(X) {
  const ellipse = Array.from({ length: 240 }, (_, k) => unit((k * Math.PI) / 120)).map((u) => X.map((x) => dot(x, u)));
  const part = clipped(clipped(ellipse, [1, 0]), [0, 1]);
  const reach = [0, 1].map((i) => Math.max(0, ...ellipse.map((z) => z[i])));
  const axis = [0, 1].map((i) => Math.max(0, ...clipped(ellipse, i ? [-1, 0] : [0, -1]).map((z) => z[i])));
  return { part, axis, reach };
}

/** The convex hull, counter-clockwise. */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (list) => {
    const kept = [];
    for (const p of list) {
      while (kept.length > 1 && dot(turned(minus(kept.at(-1), kept.at(-2))), minus(p, kept.at(-2))) <= 0) kept.pop();
      kept.push(p);
    }
    return kept.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

function render({ model, el }) {
  const figure = stage(el, "rectified ellipsoid");
  const { X, y, lam: first, log_t: clock, paths, signs } = model.get("state");
  const panel = new Panel(figure, { name: "The sets Q and minus Q of two examples", widest: 460 });
  const Q = rectified(X);
  const long = Math.max(...Q.reach);
  panel.view.reach = 1.45 * long;
  const middle = [0, 1].map((i) => (0.75 / Q.part.length) * Q.part.reduce((sum, z) => sum + z[i], 0) || 0.5 * Q.reach[i]);
  const around = [...Q.part, [Q.axis[0], 0], [0, Q.axis[1]], [0, 0]];
  const both = hull([...around, ...around.map((z) => along(z, -1))]);
  // lam keeps the signs of y: it turns within one quadrant, by 0 to 90 degrees.
  let turn = angleOf(first.map((l, n) => l * y[n])) / RAD;
  const lam = () => unit(turn * RAD).map((l, n) => l * y[n]);
  const arm = 1.15 * long;
  const dial = slider(figure, {
    name: "direction of λ", min: 0, max: 90, value: turn, show: (v) => `${text(v, 1)}°`, change: (v) => ((turn = v), draw()),
  });
  const hand = handle(panel, {
    name: "Dual direction λ", step: 1e-9,
    get: () => along(lam(), arm),
    set: (p, key) => {
      const step = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[key];
      const free = angleOf(p.map((v, n) => relu(v * y[n]))) / RAD;
      dial.set(Math.min(90, Math.max(0, step ? turn + step : Math.round(2 * free) / 2)));
    },
    words: () => `${text(turn, 1)}°`,
    mark: shape("circle", { r: 6.5, class: "solid wine" }),
  });
  const time = clock.length > 1 && timeline(figure, { name: "log t", count: clock.length, show: (at) => moment(between(clock, at)), change: draw });

  function drawSets() {
    panel.clear();
    panel.line([0, 0], [1, 0], "line thin hair");
    panel.line([0, 0], [0, 1], "line thin hair");
    panel.path(both, "line thin dash soft", true);
    for (const s of [1, -1]) {
      panel.path(Q.part.map((z) => along(z, s)), `area lit ${LOOK[s]}`, true);
      panel.path(Q.part.map((z) => along(z, s)), `line ${LOOK[s]}`, true);
      Q.axis.forEach((r, i) => panel.path([[0, 0], i ? [0, s * r] : [s * r, 0]], `line bold ${LOOK[s]}`));
      panel.label(along(middle, s), s > 0 ? "Q" : "−Q", `strong ${LOOK[s]}`, 0, 5);
    }
    panel.label([panel.view.reach, 0], "z₁", "tiny", -14, -6);
    panel.label([0, panel.view.reach], "z₂", "tiny", 14, 14);
  }

  function drawPaths() {
    const at = time ? time.get() : 0;
    signs.forEach((s, i) => {
      const past = paths.slice(0, Math.floor(at) + 1).map((frame) => frame[i]);
      const now = between(paths, at)[i];
      panel.path([...past, now], `line thin ${LOOK[s]}`);
      panel.dot(now, `solid ${LOOK[s]}`, 4);
    });
  }

  function draw() {
    const l = lam();
    const best = hausdorff(X, l);
    const bound = (Math.abs(l[0]) + Math.abs(l[1])) / best.value;
    const touch = X.map((x) => best.s * relu(dot(x, best.u)));
    drawSets();
    drawPaths();
    panel.line([0, 0], y, "line thin hair");
    panel.line(along(y, 1 / bound), turned(l), "line wine");
    panel.arrow([0, 0], along(l, arm), "wine", 2);
    panel.label(along(l, arm), "λ", "wine strong", 14, -8);
    panel.dot(touch, "ring wine", 6);
    panel.dot(along(y, 1 / bound), "solid", 4);
    panel.label(along(y, 1 / bound), "y / bound", "tiny", 14 * y[0], 4, y[0] > 0 ? "start" : "end");
    hand();
    figure.say(
      `With λ at ${text(turn, 1)}° from the axis of z₁, its line touches ${best.s > 0 ? "Q" : "−Q"} at (${touch.map((v) => text(v)).join(", ")}).`,
      `So P* is at least ${text(bound, 4)}.`,
    );
    model.set("bound", bound);
  }
  return show([panel], draw);
}

export default { render };
