// Between two good networks: along the straight line of their weights margins collapse, in the convex program they hold.

import { Panel, button, outline, show, slider, stage, text } from "./kit.mjs";
import { game } from "./game.mjs";
import { dot, relu } from "./plane.mjs";

const permutations = (n) =>
  n === 0 ? [[]] : permutations(n - 1).flatMap((p) => Array.from({ length: n }, (_, k) => [...p.slice(0, k), n - 1, ...p.slice(k)]));
const SAMPLES = 60;

/** Margins of the network with columns W (m, d) and w (m,). */
export const marginsOf = (X, y, { W, w }) =>
  X.map((x, n) => y[n] * W.reduce((f, v, i) => f + w[i] * relu(dot(x, v)), 0));

/** The network a share t of the way from A to B, weight by weight; neuron i of A is matched with neuron order[i] of B. */
export const straight = (A, B, order, t) => ({
  W: A.W.map((v, i) => v.map((c, k) => c + t * (B.W[order[i]][k] - c))),
  w: A.w.map((c, i) => c + t * (B.w[order[i]] - c)),
});

/** The least margin over the straight road. */
export const lowest = (X, y, A, B, order) =>
  Math.min(...Array.from({ length: SAMPLES + 1 }, (_, k) => Math.min(...marginsOf(X, y, straight(A, B, order, k / SAMPLES)))));

function render({ model, el }) {
  const figure = stage(el, "two landscapes");
  const { X, y, A, B } = model.get("state");
  const roads = permutations(A.w.length);
  const ranked = roads.map((order) => lowest(X, y, A, B, order));
  const best = Math.max(...ranked);
  let k = ranked.indexOf(Math.min(...ranked));
  const panel = new Panel(figure, { name: "Least margin between the networks", widest: 560, ratio: 0.56, head: "Least margin, from the first network to the second" });
  const road = slider(figure, { name: "share of the second", min: 0, max: 1, step: 0.01, value: 0.5, show: (v) => text(v), change: () => draw() });
  button(figure, "Match the neurons otherwise", () => ((k = (k + 1) % roads.length), draw()));
  const play = game(figure, {
    name: `landscapes ${X}`,
    goal: "match the neurons so that the straight road loses as little margin as it can.",
    better: (a, b) => a > b,
    show: (margin) => `a least margin of ${text(margin, 3)}`,
    answer: (shown) => (shown && (k = ranked.indexOf(best)), draw()),
  });

  function draw() {
    panel.clear();
    const [l, r, t, b] = [40, 14, 12, 30];
    const road_ = Array.from({ length: SAMPLES + 1 }, (_, j) => Math.min(...marginsOf(X, y, straight(A, B, roads[k], j / SAMPLES))));
    const low = Math.min(-0.2, ...ranked), high = 1.25;
    const place = (v, q) => [l + v * (panel.W - l - r), t + ((high - q) / (high - low)) * (panel.H - t - b)];
    const step = [0.5, 1, 2, 5, 10].find((v) => (high - low) / v < 8) ?? 20;
    for (let q = step * Math.ceil(low / step); q <= 1; q += step) {
      panel.draw("path", { class: `line thin ${q === 0 ? "soft" : "hair"}`, d: outline([place(0, q), place(1, q)]) });
      panel.draw("text", { x: l - 6, y: place(0, q)[1] + 4, class: "label tiny", "text-anchor": "end" }, String(q).replace("-", "−"));
    }
    panel.draw("path", { class: "line bold pos", d: outline([place(0, 1), place(1, 1)]) });
    panel.draw("path", { class: "line bold neg", d: outline(road_.map((q, j) => place(j / SAMPLES, q))) });
    panel.draw("text", { x: place(0.98, 1)[0], y: place(0, 1)[1] - 8, class: "label strong pos", "text-anchor": "end" }, "convex program: at least 1");
    panel.draw("text", { x: place(0.98, 0)[0], y: panel.H - 8, class: "label strong neg", "text-anchor": "end" }, "weights, averaged");
    const here = marginsOf(X, y, straight(A, B, roads[k], road.get()));
    const least = Math.min(...here);
    panel.draw("circle", { cx: place(road.get(), least)[0], cy: place(0, least)[1], r: 5, class: "solid neg" });
    panel.draw("circle", { cx: place(road.get(), 1)[0], cy: place(0, 1)[1], r: 5, class: "solid pos" });
    play.score(ranked[k]);
    const wrong = here.filter((q) => q <= 0).length;
    figure.say(
      `With weights averaged, the least margin here is ${text(least, 3)}${wrong ? `, and ${wrong} of ${y.length} examples are on the wrong side` : ""}; in the convex program it is at least 1.`,
      `This matching falls to ${text(ranked[k], 3)}.`,
      play.answered && `The best of all ${roads.length} matchings falls to ${text(best, 3)}.`,
    );
    model.set("game", { least, lowest: ranked[k], best, order: roads[k], won: ranked[k] === best });
  }
  return show([panel], draw);
}

export default { render };
