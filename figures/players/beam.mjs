// Score matching on the line: a beam in a tube around the staircase of the data, and its kinks, the learnt scores.

import { Panel, outline, show, slider, stage, text } from "./kit.mjs";
import { game } from "./game.mjs";

const relu = (v) => Math.max(v, 0);

/** Half the sum of the squared kinks, and how far the kinks are from the straight score. */
export const bending = (lam) => lam.reduce((sum, l) => sum + l * l, 0) / 2;
export const distance = (lam, line) => Math.max(...lam.map((l, i) => Math.abs(l - line[i])));

function render({ model, el }) {
  const figure = stage(el, "a beam in a tube");
  const { x, widths, beams } = model.get("state");
  const n = x.length;
  const mean = x.reduce((a, b) => a + b, 0) / n;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
  const line = x.map((v) => -(v - mean) / variance);
  const free = widths.find((_, k) => distance(beams[k], line) < 1e-4) ?? widths.at(-1);
  const top = new Panel(figure, { name: "Tube and beam", widest: 640, ratio: 0.48, head: "The beam in its tube" });
  const low = new Panel(figure, { name: "Scores", widest: 640, ratio: 0.3, head: "Its kinks: the scores" });
  const width = slider(figure, { name: "weight decay", min: 0, max: widths.length - 1, step: 1, value: 0, show: (k) => `β = ${text(widths[k])}`, change: () => draw() });
  const play = game(figure, {
    name: `beam ${x}`,
    goal: "find the narrowest tube in which the beam is free.",
    better: (a, b) => a < b,
    show: (beta) => `β = ${text(beta)}`,
    answer: (shown) => (shown ? width.set(widths.indexOf(free)) : draw()),
  });
  const [a, b] = [x[0] - 0.6, x.at(-1) + 0.6];
  const across = (panel, t) => 14 + ((t - a) / (b - a)) * (panel.W - 28);

  function drawTube(lam, beta) {
    top.clear();
    const [high, deep] = [beta + 1, -n - beta - 1];
    const up = (v) => 8 + ((high - v) / (high - deep)) * (top.H - 16);
    const stairs = (shift) => [a, ...x, b].flatMap((t, k, all) => (k + 1 < all.length ? [[across(top, t), up(shift - (n - k))], [across(top, all[k + 1]), up(shift - (n - k))]] : []));
    top.draw("path", { class: "area soft lit", d: outline([...stairs(beta), ...stairs(-beta).reverse()], true) });
    top.draw("path", { class: "line thin soft dash", d: outline(stairs(0)) });
    const h = (t) => lam.reduce((sum, l, i) => sum + l * relu(x[i] - t), 0);
    top.draw("path", { class: "line bold wine", d: outline([a, ...x, b].map((t) => [across(top, t), up(h(t))])) });
    x.forEach((t) => top.draw("circle", { cx: across(top, t), cy: up(h(t)), r: 3, class: "solid wine" }));
  }

  function drawScores(lam) {
    low.clear();
    const most = 1.1 * Math.max(...beams.flat().map(Math.abs));
    const up = (v) => low.H / 2 - (v / most) * (low.H / 2 - 6);
    low.draw("path", { class: "line thin hair", d: outline([[across(low, a), up(0)], [across(low, b), up(0)]]) });
    low.draw("path", { class: "line dash neg", d: outline(x.map((t, i) => [across(low, t), up(line[i])])) });
    x.forEach((t, i) => {
      low.draw("path", { class: "line pos", d: outline([[across(low, t), up(0)], [across(low, t), up(lam[i])]]) });
      low.draw("circle", { cx: across(low, t), cy: up(lam[i]), r: 3.5, class: "solid pos" });
    });
  }

  function draw() {
    const k = width.get();
    const lam = beams[k];
    const isFree = distance(lam, line) < 1e-4;
    drawTube(lam, widths[k]);
    drawScores(lam);
    if (isFree) play.score(widths[k]);
    figure.say(
      `At β = ${text(widths[k])} the beam bends by ${text(bending(lam), 3)}, which is −J.`,
      isFree ? "It is free: the scores lie on one line, those of a Gaussian." : "It touches the tube: the scores are not those of a Gaussian.",
      play.answered && `It springs free at β = ${text(free)}.`,
    );
    model.set("game", { beta: widths[k], bending: bending(lam), free: isFree });
  }
  return show([top, low], draw);
}

export default { render };
