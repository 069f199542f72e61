// Z_+ and Z_- of a dual variable, their Hausdorff distance and the neuron that realises it, recomputed while dragging.

import { Panel, between, button, degrees, handle, moment, shape, show, stage, subscript, text, timeline, within } from "./kit.mjs";
import { along, dot, farthest, generators, hausdorff, minus, plus, turned, zonotope } from "./plane.mjs";

const NAMES = { 1: "Z₊", [-1]: "Z₋" };
const LOOK = { 1: "pos", [-1]: "neg" };

/** Half the side of a view that holds the points, unless the present one still fits them. */
function fitting(points, present) {
  const needed = 1.25 * Math.max(1e-300, ...points.flat().map(Math.abs));
  return needed > present || needed < 0.45 * present ? 1.15 * needed : present;
}

function render({ model, el }) {
  const figure = stage(el, "two zonotopes");
  const { X: original, y, lam, log_t: clock, directions, signs } = model.get("state");
  let X = original;
  const left = new Panel(figure, { name: "Data points, to be dragged", head: "Data", widest: 340 });
  const right = new Panel(figure, { name: "The two zonotopes", head: "Zonotopes", widest: 340 });
  left.view.reach = 1.3 * Math.max(...X.flat().map(Math.abs));
  right.view.reach = 0;

  const drag = X.map((_, n) =>
    handle(left, {
      name: `Example ${n + 1}, label ${y[n] > 0 ? "plus" : "minus"} one`,
      get: () => X[n],
      set: (p) => {
        X = X.map((x, k) => (k === n ? within(left, p) : x));
        model.set("X", X);
        draw();
      },
      mark: shape("circle", { r: 6, class: `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}` }),
    }),
  );
  const time = lam.length > 1 && timeline(figure, { name: "log t", count: lam.length, show: (at) => moment(between(clock, at)), change: draw });
  button(figure, "Reset", () => {
    X = original;
    model.set("X", X);
    draw();
  });

  function drawData(now, best) {
    left.clear();
    left.line([0, 0], [1, 0], "line thin hair");
    left.line([0, 0], [0, 1], "line thin hair");
    if (X === original && directions.length)
      between(directions, now).forEach((u, i) => left.arrow([0, 0], along(u, 0.5 * left.view.reach), `faint ${LOOK[signs[i]]}`, 1.2));
    left.arrow([0, 0], along(best.u, 0.62 * left.view.reach), "wine", 2.4);
    const [reach, side] = [left.view.reach, turned(best.u)];
    const tip = along(best.u, 0.62 * reach);
    const taken = X.flatMap((x) => [x, plus(x, [0.1 * reach, -0.03 * reach])]); // points and their names
    const free = (v) => Math.min(...taken.map((x) => Math.hypot(...minus(x, plus(tip, along(v, 0.09 * reach))))));
    const [ux, uy] = [best.u, side, along(side, -1)].reduce((a, b) => (free(b) > free(a) ? b : a));
    left.label(tip, "u*", "wine strong", 14 * ux, 5 - 14 * uy);
    X.forEach((x, n) => left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 16, 6));
    drag.forEach((place) => place());
  }

  function drawZonotopes(weights, best, sides, ends) {
    right.clear();
    right.line([0, 0], [1, 0], "line thin hair");
    right.line([0, 0], [0, 1], "line thin hair");
    for (const s of [1, -1]) {
      right.path(sides[s], `area ${LOOK[s]}`, true);
      right.path(sides[s], `line ${LOOK[s]}`, true);
      const far = sides[s].reduce((a, b) => (dot(a, a) > dot(b, b) ? a : b));
      const long = Math.hypot(...far) || 1;
      const [dx, dy] = dot(far, far) > 0 ? far.map((v) => (14 * v) / long) : [-14, -14];
      right.label(far, NAMES[s], `${LOOK[s]} strong`, dx, 5 - dy);
    }
    if (best.value === 0) return;
    ends.forEach((end) => right.line(end, turned(best.u), "line thin dash wine"));
    right.path(ends, "line bold wine");
    ends.forEach((end) => right.dot(end, "solid wine", 3.5));
  }

  function draw() {
    const now = time ? time.get() : 0;
    const weights = between(lam, now);
    const best = hausdorff(X, weights);
    const sides = { 1: zonotope(generators(X, weights, 1)), [-1]: zonotope(generators(X, weights, -1)) };
    const ends = farthest(X, weights, best);
    right.view.reach = fitting([...sides[1], ...sides[-1], ...ends], right.view.reach);
    drawData(now, best);
    drawZonotopes(weights, best, sides, ends);
    const total = weights.reduce((sum, l, n) => sum + l * y[n], 0);
    const kind = best.s > 0 ? "positive" : "negative";
    figure.say(
      `The Hausdorff distance is ${text(best.value, 4)}, reached by a ${kind} neuron at ${degrees(best.u)}.`,
      best.value > 0 && `So P* is at least ${text(total / best.value, 4)}.`,
      X !== original && "The points were moved.",
    );
    model.set("distance", best.value);
  }
  return show([left, right], draw);
}

export default { render };
