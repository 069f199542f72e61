// Column generation by hand: hills of the dual constraint on the circle unrolled; a tap on a bare hill is a birth.

import { Panel, button, degrees, element, outline, plural, show, slider, stage, subscript, text } from "./kit.mjs";
import { game } from "./game.mjs";
import { along, climb, dot, growth, hausdorff, relu, unit } from "./plane.mjs";
import { maxMargin, simplex } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const WON = 1e-3; // nothing stands more than this above 1
const RAD = Math.PI / 180;

/** The best network over given neurons: { value, lam, mu }; null if they do not fit the data. */
export function restricted(X, y, neurons) {
  const rows = neurons.map(({ angle, s }) => X.map((x, n) => s * y[n] * relu(dot(x, unit(angle)))));
  const solved = simplex(rows, X.map(() => 1));
  return solved && { value: solved.value, lam: solved.l.map((l, n) => l * y[n]), mu: solved.mu };
}

function render({ model, el }) {
  const figure = stage(el, "the missing neuron");
  const { X, y, angles, signs } = model.get("state");
  const first = angles.map((angle, i) => ({ angle, s: signs[i] }));
  const optimum = maxMargin(X, y);
  let neurons = first;
  let refused = "";
  const left = new Panel(figure, { name: "Data and neurons", widest: 300, head: "Data and neurons" });
  const right = new Panel(figure, { name: "Hills on the circle of directions", widest: 420, head: "Hills", ratio: 0.72 });
  left.view.reach = 1.3 * Math.max(...X.flat().map(Math.abs));
  const where = slider(figure, { name: "direction", min: 0, max: 359, step: 1, value: 0, show: (v) => `${v}°`, change: () => draw() });
  button(figure, "Birth here", () => birth(where.get() * RAD));
  button(figure, "Start again", () => ((neurons = first), (refused = ""), draw()));
  const play = game(figure, {
    name: `missing ${X}`,
    goal: "give birth to neurons until no hill stands above 1, in as few births as you can.",
    better: (a, b) => a < b,
    show: (births) => plural(births, "birth"),
    answer: () => draw(),
  });

  function birth(angle) {
    const { lam } = restricted(X, y, neurons);
    const height = growth(X, lam, unit(angle));
    const bare = Math.abs(height) > 1 + WON / 10;
    const s = Math.sign(height);
    if (bare) neurons = [...neurons, { angle: climb(X, lam, s, angle)?.end ?? angle, s }]; // it climbs to its summit
    refused = bare ? "" : `At ${degrees(unit(angle))} no hill is above 1: a neuron there would not lower the cost.`;
    draw();
  }

  const [l, r, t, b] = [30, 10, 12, 34];
  let top = 2;
  const across = (angle) => l + (angle / (2 * Math.PI)) * (right.W - l - r);
  const up = (height) => right.H - b - (Math.min(height, top) / top) * (right.H - t - b);
  right.svg.classList.add("tapped");
  right.svg.addEventListener("click", (event) => {
    const box = right.svg.getBoundingClientRect();
    const at = (((event.clientX - box.left) * right.W) / box.width - l) / (right.W - l - r);
    if (at >= 0 && at <= 1) birth(at * 2 * Math.PI);
  });

  function drawHills(lam, mu, peak) {
    right.clear();
    top = 1.15 * Math.max(1.3, peak.value);
    for (const [s, look] of [[1, "pos"], [-1, "neg"]]) {
      const hill = Array.from({ length: 361 }, (_, k) => [across(k * RAD), up(Math.max(0, s * growth(X, lam, unit(k * RAD))))]);
      right.draw("path", { class: `area ${look}`, d: outline([[l, up(0)], ...hill, [right.W - r, up(0)]], true) });
      right.draw("path", { class: `line ${look}`, d: outline(hill) });
    }
    right.draw("path", { class: "line dash", d: outline([[l, up(1)], [right.W - r, up(1)]]) });
    right.draw("text", { x: l - 6, y: up(1) + 4, class: "label tiny", "text-anchor": "end" }, "1");
    for (const v of [0, 90, 180, 270, 360])
      right.draw("text", { x: across(v * RAD), y: right.H - b + 17, class: "label tiny", "text-anchor": v < 360 ? "middle" : "end" }, `${v}°`);
    neurons.forEach(({ angle, s }, i) =>
      right.draw("circle", { cx: across(angle), cy: up(Math.max(0, s * growth(X, lam, unit(angle)))), r: mu[i] > 1e-9 ? 5 : 3, class: `${mu[i] > 1e-9 ? "solid" : "ring"} ${LOOK[s]}` }),
    );
    const x = across(where.get() * RAD);
    right.draw("path", { class: "line thin soft", d: outline([[x, t], [x, right.H - b]]) });
    if (!play.answered) return;
    const at = Math.atan2(peak.u[1], peak.u[0]);
    right.draw("circle", { cx: across(at < 0 ? at + 2 * Math.PI : at), cy: up(peak.value), r: 9, class: "ring wine" });
  }

  function drawData(mu) {
    left.clear();
    left.line([0, 0], [1, 0], "line thin hair");
    left.line([0, 0], [0, 1], "line thin hair");
    const long = Math.max(...mu);
    neurons.forEach(({ angle, s }, i) => {
      if (mu[i] > 1e-9) left.arrow([0, 0], along(unit(angle), left.view.reach * (0.25 + (0.6 * mu[i]) / long)), LOOK[s], 1.8);
    });
    X.forEach((x, n) => {
      left.example(x, y[n], LOOK[y[n]]);
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], x[0] < 0 ? -12 : 12, 6, x[0] < 0 ? "end" : "start");
    });
  }

  function draw() {
    const { value, lam, mu } = restricted(X, y, neurons);
    const peak = hausdorff(X, lam);
    const births = neurons.length - first.length;
    const won = peak.value <= 1 + WON;
    drawHills(lam, mu, peak);
    drawData(mu);
    if (won && births) play.score(births);
    figure.say(
      refused,
      `${plural(births, "birth")}, cost ${text(value, 4)}.`,
      won ? `Nothing stands above 1: no network is cheaper by more than ${text(100 * (peak.value - 1), 2)} %. Done.` : `The highest hill is ${text(peak.value, 3)} high.`,
      play.answered && `P* is ${text(optimum.value, 4)}${won ? "" : `, and the missing neuron is ${peak.s > 0 ? "positive" : "negative"}, at ${degrees(peak.u)}`}.`,
    );
    model.set("game", { births, cost: value, highest: peak.value, u: peak.u, s: peak.s, won, lam });
  }
  return show([left, right], draw);
}

export default { render };
