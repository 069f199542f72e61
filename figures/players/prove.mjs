// A lower bound by hand: sliders on |lam_n|, the two zonotopes, and how much of P* they prove.

import { Panel, button, degrees, element, outline, show, slider, stage, subscript, text } from "./kit.mjs";
import { game } from "./game.mjs";
import { dot, farthest, generators, hausdorff, turned, zonotope } from "./plane.mjs";
import { maxMargin } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const WON = 0.99;

/** y'lam / d_H(lam), and who decides it; 0 if lam is. */
export function proved(X, y, lam) {
  const best = hausdorff(X, lam);
  const total = lam.reduce((sum, l, n) => sum + l * y[n], 0);
  return { bound: best.value > 0 ? total / best.value : 0, best };
}

function render({ model, el }) {
  const figure = stage(el, "prove it");
  const { X, y, lam: carried, cost } = model.get("state");
  const optimum = maxMargin(X, y);
  const left = new Panel(figure, { name: "The two zonotopes", widest: 320, head: "Zonotopes" });
  const right = new Panel(figure, { name: "What is proved", widest: 320, head: "Proved", ratio: 0.62 });
  let quiet = true;
  const sliders = y.map((label, n) =>
    slider(figure, { name: `|λ${subscript(n + 1)}|`, min: 0, max: 1, step: 0.005, value: 0.5, show: (v) => text(v), change: () => quiet || draw() }),
  );
  const take = (lam) => {
    const most = Math.max(...lam.map(Math.abs));
    quiet = true;
    lam.forEach((l, n) => sliders[n].set(Math.abs(l) / most));
    quiet = false;
    draw();
  };
  figure.controls.append(element("div", { class: "break" }));
  button(figure, "Use the flow's", () => take(carried));
  button(figure, "Start again", () => take(y));
  const play = game(figure, {
    name: `prove ${X}`,
    goal: `prove at least 99 % of the least cost, with nothing but these ${y.length} numbers.`,
    better: (a, b) => a > b,
    show: (share) => `${text(100 * share, 1)} %`,
    answer: (shown) => (shown ? take(optimum.lam) : draw()),
  });
  const lam = () => sliders.map((one, n) => y[n] * one.get());

  function drawZonotopes(now, best) {
    left.clear();
    const sides = { 1: zonotope(generators(X, now, 1)), [-1]: zonotope(generators(X, now, -1)) };
    const ends = best.value > 0 ? farthest(X, now, best) : [];
    left.view.reach = 1.2 * Math.max(1e-9, ...[...sides[1], ...sides[-1], ...ends].flat().map(Math.abs));
    left.line([0, 0], [1, 0], "line thin hair");
    left.line([0, 0], [0, 1], "line thin hair");
    for (const s of [1, -1]) {
      left.path(sides[s], `area ${LOOK[s]}`, true);
      left.path(sides[s], `line ${LOOK[s]}`, true);
    }
    ends.forEach((end) => left.line(end, turned(best.u), "line thin dash wine"));
    if (ends.length) left.path(ends, "line bold wine");
  }

  function drawBar(bound, best) {
    right.clear();
    const [l, r, y0, h] = [14, 14, right.H * 0.42, 26];
    const across = (v) => l + (Math.min(v, cost) / cost) * (right.W - l - r);
    const mark = (v, words, look, top) => {
      right.draw("path", { class: `line bold ${look}`, d: outline([[across(v), y0 - 6], [across(v), y0 + h + 6]]) });
      right.draw("text", { x: across(v), y: top ? y0 - 14 : y0 + h + 24, class: `label ${look}`, "text-anchor": v > 0.5 * cost ? "end" : "start" }, words);
    };
    right.draw("rect", { x: l, y: y0, width: right.W - l - r, height: h, class: "line thin hair" });
    right.draw("rect", { x: l, y: y0, width: across(bound) - l, height: h, class: "area wine lit" });
    mark(bound, `proved ${text(bound, 3)}`, "wine", true);
    mark(cost, `a network costs ${text(cost, 3)}`, "soft", false);
    if (best !== null) right.draw("path", { class: "line dash wine", d: outline([[across(best * optimum.value), y0], [across(best * optimum.value), y0 + h]]) });
  }

  function draw() {
    const now = lam();
    const { bound, best } = proved(X, y, now);
    const share = bound / optimum.value;
    play.score(share);
    drawZonotopes(now, best);
    drawBar(bound, play.best);
    figure.say(
      `The zonotopes are ${text(best.value, 3)} apart, at a ${best.s > 0 ? "positive" : "negative"} neuron at ${degrees(best.u)}: no network costs less than ${text(bound, 4)}.`,
      share >= WON && "That is 99 % of the least cost: done.",
      play.answered && `P* is ${text(optimum.value, 4)}.`,
    );
    model.set("game", { lam: now, bound, share, won: share >= WON });
  }
  quiet = false;
  return show([left, right], draw);
}

export default { render };
