// From data to their orthogonalisation: what happens to the inner products, to P*, to the cells.

import { Panel, handle, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { game } from "./game.mjs";
import { along, cells, dot, plus } from "./plane.mjs";
import { maxMargin } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const KEPT = -0.02; // a cosine that counts as not negative

/** X (X'X)^(-1/2) for two columns: the root of S is (S + s I) / t with s^2 = det S and t^2 = trace S + 2 s. */
export function whitened(X) {
  const [a, b, c] = [[0, 0], [0, 1], [1, 1]].map(([i, j]) => X.reduce((sum, x) => sum + x[i] * x[j], 0));
  const s = Math.sqrt(Math.max(0, a * c - b * b));
  const t = Math.sqrt(a + c + 2 * s);
  return X.map(([x, y]) => [(c + s) * x - b * y, (a + s) * y - b * x].map((v) => v / (s * t)));
}

/** y_n y_k cos(x_n, x_k), and the least of them: orthogonally separable if it is not negative. */
export const products = (X, y) => X.map((x, n) => X.map((z, k) => (y[n] * y[k] * dot(x, z)) / (Math.hypot(...x) * Math.hypot(...z))));
const least = (table) => Math.min(...table.flat());

function render({ model, el }) {
  const figure = stage(el, "orthogonalising data");
  const { X: original, y } = model.get("state");
  let X = original;
  const left = new Panel(figure, { name: "Examples, to be dragged", widest: 340, head: "Examples" });
  const right = new Panel(figure, { name: "Products of the examples", widest: 300, head: "yₙyₖ cos(xₙ, xₖ)" });
  left.view.reach = 1.5 * Math.max(...original.flat().map(Math.abs));
  const dial = slider(figure, { name: "whitening", min: 0, max: 1, step: 0.02, value: 0, show: (v) => `${text(100 * v, 0)} %`, change: () => draw() });
  const drag = X.map((_, n) =>
    handle(left, {
      name: `Example ${n + 1}`, step: 0.05,
      get: () => X[n],
      set: (p) => Math.hypot(...p) > 0.1 && ((X = X.map((x, k) => (k === n ? within(left, p, 0.95) : x))), dial.set(0)),
      mark: shape("circle", { r: 6, class: `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}` }),
    }),
  );
  const play = game(figure, {
    name: `whiten ${y}`,
    goal: "place the examples so that no product is negative, and none becomes so when the data are whitened.",
    better: (a, b) => a > b,
    show: (v) => `least product, before and after, ${text(v, 2)}`,
    answer: () => draw(),
  });

  function drawData(now, t) {
    left.clear();
    for (const e of [[1, 0], [0, 1]]) left.line([0, 0], e, "line thin hair");
    now.forEach((x, n) => {
      left.line([0, 0], [-x[1], x[0]], `line thin dash ${LOOK[y[n]]}`);
      if (t > 0) left.arrow(X[n], x, "soft faint", 1);
      if (t > 0) left.example(x, y[n], LOOK[y[n]], 5);
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 15, 6);
    });
    drag.forEach((place) => place());
  }

  function drawProducts(table) {
    right.clear();
    const side = Math.min(right.W, right.H) / (y.length + 1);
    table.forEach((row, n) =>
      row.forEach((v, k) => {
        const [x, top] = [(k + 0.5) * side, (n + 0.5) * side];
        right.draw("rect", { x, y: top, width: side - 2, height: side - 2, "fill-opacity": 0.08 + 0.5 * Math.abs(v), class: `solid ${v < 0 ? "wine" : "soft"}` });
        right.draw("text", { x: x + side / 2 - 1, y: top + side / 2 + 4, class: "label tiny inside", "text-anchor": "middle" }, text(v));
      }),
    );
  }

  function draw() {
    const t = dial.get();
    const white = whitened(X);
    const now = X.map((x, n) => plus(along(x, 1 - t), along(white[n], t)));
    const [table, ends] = [products(now, y), [X, white].map((Z) => least(products(Z, y)))];
    drawData(now, t);
    drawProducts(table);
    const [best, number] = [maxMargin(now, y), cells(now).length];
    play.score(Math.min(...ends));
    figure.say(
      `${number} cells, whatever the slider says. P* is ${best ? text(best.value, 3) : "infinite"}, and the least product ${text(least(table), 2)}.`,
      least(table) >= KEPT ? "The classes are orthogonally separable." : "The classes are not orthogonally separable.",
      Math.min(...ends) >= KEPT && "And they are so before and after: goal reached.",
      play.answered && "Only if all yₙxₙ lie on two rays: whitening makes the rays perpendicular.",
    );
    model.set("game", { X, now, least: least(table), ends, optimum: best ? best.value : null, cells: number });
  }
  return show([left, right], draw);
}

export default { render };
