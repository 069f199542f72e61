// Reprogramming: two clouds of pre-activations over the wedges of a trained network, and the scores of a random one.

import { Panel, button, handle, outline, shape, show, slider, stage, text, within } from "./kit.mjs";
import { game } from "./game.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const BINS = 24;

/** The share of examples on the right side of (s)_+ - (t)_+, zero counted as wrong, for pairs moved by `move`. */
export function accuracy(pairs, y, move) {
  const right = pairs.filter(([s, t], n) => y[n] * (Math.max(s + move[0], 0) - Math.max(t + move[1], 0)) > 0);
  return right.length / y.length;
}

function render({ model, el }) {
  const figure = stage(el, "reprogramming");
  const { names, y, pairs, scores } = model.get("state");
  let move = [0, 0];
  const left = new Panel(figure, { name: "Pre-activations of the trained network", widest: 360, head: "Trained network" });
  const right = new Panel(figure, { name: "Scores of a random network", widest: 340, head: "Random network", ratio: 0.7 });
  left.view.reach = 1.6 * Math.max(...pairs.flat(2).map(Math.abs));
  const task = slider(figure, { name: "task", min: 0, max: names.length - 1, step: 1, value: 0, show: (k) => names[k], change: () => draw() });
  const hand = handle(left, {
    name: "Program",
    step: left.view.reach / 200,
    get: () => move,
    set: (p) => ((move = within(left, p)), draw()),
    mark: shape("circle", { r: 7, class: "solid wine" }),
  });
  button(figure, "No program", () => ((move = [0, 0]), draw()));
  const play = game(figure, {
    name: `programs ${names}`,
    goal: "move the clouds so that the trained network is right as often as you can, on any task.",
    better: (a, b) => a > b,
    show: (share) => `${text(100 * share, 1)} %`,
    answer: () => draw(),
  });

  function drawClouds(now) {
    left.clear();
    const R = 2 * left.view.reach;
    left.path([[0, -R], [R, -R], [R, R], [0, 0]], "area pos", true);
    left.path([[-R, 0], [-R, R], [R, R], [0, 0]], "area neg", true);
    now.forEach(([s, t], n) => left.dot([s + move[0], t + move[1]], `${y[n] > 0 ? "solid" : "ring"} faint ${LOOK[y[n]]}`, 2.2));
    hand();
  }

  function drawScores(now) {
    right.clear();
    const reach = Math.max(...now.map(Math.abs)) || 1;
    const [l, r, t, b] = [12, 12, 8, 24];
    const count = { 1: Array(BINS).fill(0), [-1]: Array(BINS).fill(0) };
    now.forEach((v, n) => count[y[n]][Math.min(BINS - 1, Math.floor(((v / reach + 1) / 2) * BINS))]++);
    const top = Math.max(...count[1], ...count[-1]);
    const place = (k, c) => [l + (k / BINS) * (right.W - l - r), right.H - b - (c / top) * (right.H - t - b)];
    for (const s of [1, -1]) {
      const steps = count[s].flatMap((c, k) => [place(k, c), place(k + 1, c)]);
      right.draw("path", { class: `area ${LOOK[s]}`, d: outline([place(0, 0), ...steps, place(BINS, 0)], true) });
      right.draw("path", { class: `line ${LOOK[s]}`, d: outline(steps) });
    }
    right.draw("path", { class: "line dash", d: outline([place(BINS / 2, 0), place(BINS / 2, top)]) });
    right.draw("text", { x: place(BINS / 2, 0)[0], y: right.H - 6, class: "label tiny", "text-anchor": "middle" }, "0");
  }

  function draw() {
    const k = task.get();
    const share = accuracy(pairs[k], y, move);
    const free = scores[k].filter((v, n) => v * y[n] > 0).length / y.length;
    play.score(share);
    drawClouds(pairs[k]);
    drawScores(scores[k]);
    figure.say(
      `Task: ${names[k]}. With this program the trained network is right on ${text(100 * share, 1)} % of the inputs, the random one with its own program on ${text(100 * free, 1)} %.`,
      play.answered && "Where the two clouds lie upon each other, no program can part them.",
    );
    model.set("game", { task: k, move, share, free });
  }
  return show([left, right], draw);
}

export default { render };
