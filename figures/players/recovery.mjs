// Recovery of a planted direction: two multipliers that explain it, and whether a neuron would be worth its price.

import { Panel, outline, show, slider, stage, text } from "./kit.mjs";
import { arcs, dot, growth, hausdorff, unit } from "./plane.mjs";

const RAD = Math.PI / 180;
const LEVEL = 1 - 1e-3; // the bracket of kappa is as wide as this

/** lam = X (X'X)^-1 w, for w of length 1. */
export function leastSquares(X, w) {
  const [a, b, c] = [[0, 0], [0, 1], [1, 1]].map(([i, j]) => X.reduce((sum, x) => sum + x[i] * x[j], 0));
  const det = a * c - b * b;
  return X.map((x) => dot(x, [(c * w[0] - b * w[1]) / det, (a * w[1] - b * w[0]) / det]));
}

/** max_j ||X'D_j lam|| over the cells. */
export const isometry = (X, lam) => Math.max(...arcs(X, lam).map((arc) => Math.hypot(...arc.g)));

function verdict(kappa) {
  if (kappa < LEVEL) return "No neuron is worth its price: w* is the only optimum.";
  return kappa < 2 - LEVEL ? "A neuron does as well: w* is not the only optimum." : "Neurons are cheaper: w* is not an optimum.";
}

/** A height below 1 proves that w* is the only optimum; a higher one says nothing. */
const below = (height) => (height < LEVEL ? ", which proves it" : "");

function render({ model, el }) {
  const figure = stage(el, "recovery");
  const { frames, w, names, lam, kappa } = model.get("state");
  const left = new Panel(figure, { name: "Examples and planted direction", widest: 300, head: "Examples and planted direction" });
  const right = new Panel(figure, { name: "Gain of a neuron by its direction", widest: 420, head: "Gain of a neuron", ratio: 0.72 });
  left.view.reach = 1.25 * Math.max(1, ...frames.flat(2).map(Math.abs));
  const last = frames.length - 1;
  const every = last / (names.length - 1);
  const where = (k) => (k % every === 0 ? names[k / every] : `between ${names[Math.floor(k / every)]} and ${names[Math.ceil(k / every)]}`);
  const dial = slider(figure, { name: names[0], min: 0, max: last, step: 1, value: 0, show: () => names.at(-1), words: where, change: draw });

  function drawData(X) {
    left.clear();
    left.line([0, 0], [-w[1], w[0]], "line thin dash soft");
    left.arrow([0, 0], w, "wine", 2);
    left.label(w, "w*", "wine strong", 14, -4);
    X.forEach((x) => left.example(x, dot(x, w), dot(x, w) > 0 ? "pos" : "neg"));
  }

  function drawGains(X, both, top) {
    right.clear();
    const [l, r, t, b] = [30, 12, 12, 32];
    const place = (angle, v) => [l + (angle / 360) * (right.W - l - r), t + ((top - v) / (2 * top)) * (right.H - t - b)];
    for (const v of [1, 0, -1]) {
      right.draw("path", { class: `line thin ${v ? "dash" : "hair"}`, d: outline([place(0, v), place(360, v)]) });
      right.draw("text", { x: l - 6, y: place(0, v)[1] + 4, class: "label tiny", "text-anchor": "end" }, text(v, 0));
    }
    for (const angle of [0, 90, 180, 270, 360]) {
      right.draw("text", { x: place(angle, 0)[0], y: right.H - 10, class: "label tiny", "text-anchor": angle < 360 ? "middle" : "end" }, `${angle}°`);
    }
    for (const [multiplier, look] of both) {
      const curve = Array.from({ length: 361 }, (_, k) => place(k, growth(X, multiplier, unit(k * RAD))));
      right.draw("path", { class: `line ${look}`, d: outline(curve) });
    }
  }

  function draw() {
    const k = dial.get();
    const X = frames[k];
    const LS = leastSquares(X, w);
    const seen = { isometry: isometry(X, LS), squares: hausdorff(X, LS).value, best: hausdorff(X, lam[k]).value };
    drawData(X);
    drawGains(X, [[LS, "neg"], [lam[k], "pos bold"]], 1.15 * Math.max(1.2, seen.squares, seen.best));
    figure.say(
      `Data ${where(k)}: κ is ${text(kappa[k], 3)}, the height of the bold curve.`,
      verdict(kappa[k]),
      `The thin curve, of least squares, has height ${text(seen.squares, 3)}${below(seen.squares)};`,
      `the isometry condition is ${text(seen.isometry, 3)}${below(seen.isometry)}.`,
    );
    model.set("shown", { ...seen, kappa: kappa[k] });
  }
  return show([left, right], draw);
}

export default { render };
