// Where a neuron may sit: the dual function over the circle of directions, its kinks and its maxima, for two lengths.

import { Panel, degrees, handle, outline, plural, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { along, angleOf, arcs, dot, growth, kinks, unit } from "./plane.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const TURN = 2 * Math.PI;
const NEAR = 1e-5; // radians
const AXES = [0, 1, 2, 3].map((k) => (k * TURN) / 4);

/** lam'(Xu)_+ over the length of u: sum of absolute values for p = 1, Euclidean for p = 2. */
export const height = (X, lam, p, t) => growth(X, lam, unit(t)) / (p === 1 ? Math.abs(Math.cos(t)) + Math.abs(Math.sin(t)) : 1);

/** The local maxima of |height| by value: angle, sign, and what they are: "wedge", "axis" or "sum" (of gradients). */
export function maxima(X, lam, p) {
  const own = (a) => [1, -1].map((s) => angleOf(along(a.g, s))).filter((t) => [t, t + TURN].some((v) => a.from < v && v < a.to));
  const between = p === 1 ? AXES.map((t) => [t, "axis"]) : arcs(X, lam).filter((a) => dot(a.g, a.g) > 0).flatMap(own).map((t) => [t, "sum"]);
  return [...kinks(X, lam).map((t) => [t, "wedge"]), ...between]
    .map(([t, kind]) => ({ t, kind, s: Math.sign(height(X, lam, p, t)), value: Math.abs(height(X, lam, p, t)) }))
    .filter(({ t, s, value }) => value > 1e-9 && [-NEAR, NEAR].every((e) => s * height(X, lam, p, t + e) <= value))
    .sort((a, b) => b.value - a.value);
}

function render({ model, el }) {
  const figure = stage(el, "wedge products");
  const { X: original, lam } = model.get("state");
  let X = original;
  const left = new Panel(figure, { name: "Data in the plane", widest: 330, head: "Data, and the best neuron" });
  const right = new Panel(figure, { name: "The dual function over the circle", widest: 420, head: "Dual function", ratio: 0.75 });
  left.view.reach = 1.5 * Math.max(...X.flat().map(Math.abs));
  const look = (n) => LOOK[lam[n] < 0 ? -1 : 1];
  const drag = X.map((_, n) =>
    handle(left, {
      name: `Example ${n + 1}`, step: left.view.reach / 100,
      get: () => X[n],
      set: (q) => ((X = X.map((x, k) => (k === n ? within(left, q) : x))), draw()),
      mark: shape("circle", { r: 6, class: `${lam[n] < 0 ? "ring" : "solid"} ${look(n)}` }),
    }),
  );
  const names = { 2: "length", 1: "sum of absolute weights" };
  const measure = slider(figure, { name: "a neuron is measured by its", min: 1, max: 2, step: 1, value: 2, show: (p) => names[p], change: () => draw() });

  function drawData(best) {
    left.clear();
    for (const e of [[1, 0], [0, 1]]) left.line([0, 0], e, "line thin hair");
    if (best) left.arrow([0, 0], along(unit(best.t), 0.8 * left.view.reach), "wine", 2);
    X.forEach((x, n) => left.label(x, `x${subscript(n + 1)}`, look(n), 15, 6));
    drag.forEach((place) => place());
  }

  function drawCurve(p, all) {
    right.clear();
    const values = Array.from({ length: 721 }, (_, k) => height(X, lam, p, (k * TURN) / 720));
    const top = 1.15 * Math.max(...values.map(Math.abs)) || 1;
    const place = (t, v) => [12 + (t / TURN) * (right.W - 24), right.H / 2 - 8 - (v / top) * (right.H / 2 - 20)];
    const bar = (t, kind) => right.draw("path", { class: kind, d: outline([place(t, -top), place(t, top)]) });
    kinks(X, lam).forEach((t) => bar(t, "line thin soft"));
    if (p === 1) AXES.forEach((t) => bar(t, "line thin dash soft"));
    right.draw("path", { class: "line thin hair", d: outline([place(0, 0), place(TURN, 0)]) });
    right.draw("path", { class: "line bold", d: outline(values.map((v, k) => place((k * TURN) / 720, v))) });
    for (const { t, s, value, kind } of all) {
      const [cx, cy] = place(t, s * value);
      right.draw("circle", { cx, cy, r: 5, class: `${kind === "sum" ? "ring" : "solid"} wine` });
    }
    for (const k of [0, 1, 2, 3, 4]) right.draw("text", { x: place((k * TURN) / 4, 0)[0], y: right.H - 2, class: "label tiny", "text-anchor": k === 0 ? "start" : k === 4 ? "end" : "middle" }, `${90 * k}°`);
  }

  function draw() {
    const p = measure.get();
    const all = maxima(X, lam, p);
    const number = (kind) => all.filter((m) => m.kind === kind).length;
    drawData(all[0]);
    drawCurve(p, all);
    const what = { wedge: "perpendicular to an example: a wedge product", axis: "an axis", sum: "along a sum of examples: no wedge product" };
    figure.say(
      all.length ? `Measured by the ${names[p]}, the highest point is ${text(all[0].value, 3)} at ${degrees(unit(all[0].t))}, ${what[all[0].kind]}.` : "The function is zero.",
      `Of ${plural(all.length, "maximum").replace("maximums", "maxima")}, ${number("wedge")} on kinks, ${p === 1 ? `${number("axis")} on axes` : `${number("sum")} between kinks`}.`,
    );
    model.set("game", { X, p, all });
  }
  return show([left, right], draw);
}

export default { render };
