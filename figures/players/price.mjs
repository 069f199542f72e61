// Who pays for a soft threshold: one example, one filter, three penalties; with the third a gap that nothing closes.

import { Panel, outline, show, slider, stage, text } from "./kit.mjs";
import { game } from "./game.mjs";

const MODELS = ["A: trained, unpaid", "B: filter of length 1", "C: decay on both layers"];
const [MOST, WON] = [5, 1.005];

/** v S_tau(u x) for x = 1 has to be y: the weight v, and what the network costs; infinite if the filter says nothing. */
export function priced(model, y, tau, u) {
  const v = u > tau ? y / (u - tau) : Infinity;
  return { v, cost: model === 1 ? (u <= 1 ? v : Infinity) : (u * u + v * v) / 2 };
}

/** The largest lower bound, y lambda: lambda = 1, with unit filters 1 / (1 - tau). */
export const dual = (model, y, tau) => (model === 1 ? y / (1 - tau) : y);

/** The least cost of a network that fits: for C, u (u - tau / 2) with u (u - tau)^3 = y^2. */
export function cheapest(model, y, tau) {
  if (model < 2) return { u: model === 0 ? Math.sqrt(y) : 1, cost: dual(model, y, tau) };
  let [low, high] = [tau, tau + y + 1];
  for (let k = 0; k < 200; k++) {
    const u = (low + high) / 2;
    if (u * (u - tau) ** 3 < y * y) low = u;
    else high = u;
  }
  return { u: low, cost: low * (low - tau / 2) };
}

function render({ model: held, el }) {
  const figure = stage(el, "who pays for the threshold");
  const { y, tau: first, u: begin } = held.get("state");
  const left = new Panel(figure, { name: "The filter and the example", widest: 320, head: "What the filter says", ratio: 0.8 });
  const right = new Panel(figure, { name: "Cost by length of the filter", widest: 420, head: "Cost, by length of the filter", ratio: 0.62 });
  const change = () => draw();
  const payer = slider(figure, { name: "penalty", min: 0, max: 2, step: 1, value: 2, show: (k) => MODELS[k], change });
  const strip = slider(figure, { name: "threshold", min: 0, max: 0.9, step: 0.01, value: first, show: (v) => text(v), change });
  const length = slider(figure, { name: "length of the filter", min: 0, max: MOST, step: 0.01, value: begin, show: (v) => text(v), change });
  const play = game(figure, {
    name: `price ${y}`,
    goal: "bring the cost down to the dual value. With which penalties can you?",
    better: (a, b) => a < b,
    show: (ratio) => `${text(ratio, 3)} times the dual value`,
    answer: () => draw(),
  });

  function drawFilter(tau, u, v) {
    left.clear();
    const [wide, high] = [1.6, 2.2 * y];
    const at = (x, f) => [left.W / 2 + (x / wide) * (left.W / 2 - 8), left.H / 2 - (f / high) * (left.H / 2 - 8)];
    left.draw("path", { class: "line thin hair", d: outline([at(-wide, 0), at(wide, 0)]) });
    left.draw("path", { class: "line thin hair", d: outline([at(0, -high), at(0, high)]) });
    const says = (x) => (Number.isFinite(v) ? v * Math.sign(x) * Math.max(0, Math.abs(u * x) - tau) : 0);
    const points = Array.from({ length: 321 }, (_, k) => -wide + (2 * wide * k) / 320).filter((x) => Math.abs(says(x)) <= high);
    left.draw("path", { class: "line bold pos", d: outline(points.map((x) => at(x, says(x)))) });
    const [cx, cy] = at(1, y);
    left.draw("circle", { cx, cy, r: 6, class: "solid neg" });
  }

  function drawCost(model, tau, u, floor, best) {
    right.clear();
    const top = 3.2 * Math.max(floor, best.cost);
    const at = (length, cost) => [12 + (length / MOST) * (right.W - 24), right.H - 20 - (Math.min(cost, top) / top) * (right.H - 30)];
    const word = ([x, y0], words, look) => right.draw("text", { x, y: y0, class: `label tiny ${look}`, "text-anchor": "end" }, words);
    const level = (value, look) => right.draw("path", { class: `line ${look}`, d: outline([at(0, value), at(MOST, value)]) });
    level(0, "thin hair");
    level(floor, "dash wine");
    word([right.W - 12, at(0, floor)[1] + 15], "dual value", "wine");
    const curve = Array.from({ length: 501 }, (_, k) => (MOST * k) / 500).map((t) => [t, priced(model, y, tau, t).cost]);
    right.draw("path", { class: "line bold pos", d: outline(curve.filter(([, cost]) => cost <= top).map(([t, cost]) => at(t, cost))) });
    if (play.answered) level(best.cost, "thin pos");
    const [cx, cy] = at(u, priced(model, y, tau, u).cost);
    right.draw("circle", { cx, cy, r: 6, class: "solid pos" });
    word([right.W - 12, right.H - 5], "length", "soft");
  }

  function draw() {
    const [model, tau, u] = [payer.get(), strip.get(), length.get()];
    const { v, cost } = priced(model, y, tau, u);
    const [floor, best] = [dual(model, y, tau), cheapest(model, y, tau)];
    drawFilter(tau, u, v);
    drawCost(model, tau, u, floor, best);
    if (Number.isFinite(cost)) play.score(Math.max(1, cost / floor));
    const dear = ["A trained threshold goes to 0, and the gap is zero.", "A filter of length 1 costs the dual value: no gap.", `No filter and no number of filters costs less than ${text(best.cost, 3)}: a gap of ${text(best.cost - floor, 3)}.`];
    figure.say(
      Number.isFinite(cost) ? `The network fits and costs ${text(cost, 3)}; the dual value is ${text(floor, 3)}.` : u > tau ? "With this penalty a filter is at most 1 long." : "The filter is inside its strip and says nothing.",
      cost <= WON * floor && "The dual value is reached.",
      play.answered && dear[model],
    );
    held.set("game", { model, tau, u, cost: Number.isFinite(cost) ? cost : null, dual: floor, least: best.cost });
  }
  return show([left, right], draw);
}

export default { render };
