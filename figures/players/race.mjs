// The race of small neurons on orthogonal examples: who arrives first, what it learns, and what this costs.

import { Panel, handle, outline, shape, show, stage, subscript, text } from "./kit.mjs";
import { TIE, best, race } from "./arrivals.mjs";
import { game } from "./game.mjs";

const LOOKS = ["pos", "neg", "wine"];
const [LEAST, MOST] = [0.3, 2.5]; // lengths of the examples
const WON = 1.25;

const list = (block) => block.flatMap((on, k) => (on ? [k + 1] : [])).join(" and ");

function render({ model, el }) {
  const figure = stage(el, "the race");
  const { S, rho: first } = model.get("state");
  let rho = first;
  const left = new Panel(figure, { name: "Lengths of the examples, to be dragged", widest: 300, head: "Lengths of the examples" });
  const right = new Panel(figure, { name: "Sizes of the neurons over time", widest: 420, head: "Log of a neuron's size, over t / log(1/ε)", ratio: 0.7 });
  left.view = { x: 0, y: 1.05, reach: 1.75 };
  const spot = (k) => ((k + 0.5) / rho.length - 0.5) * 2.6;
  const drag = rho.map((_, k) =>
    handle(left, {
      name: `Length of example ${k + 1}`, step: 0.02,
      get: () => [spot(k), rho[k]],
      set: ([, v]) => ((rho = rho.map((r, j) => (j === k ? Math.min(MOST, Math.max(LEAST, v)) : r))), draw()),
      words: ([, v]) => text(v),
      mark: shape("circle", { r: 7, class: "solid" }),
    }),
  );
  const play = game(figure, {
    name: `race ${S}`,
    goal: "drag the lengths until the squared loss pays at least 25 % more than the logistic loss on the same start.",
    better: (a, b) => a > b,
    show: (ratio) => `${text(100 * (ratio - 1), 1)} % more`,
    answer: () => draw(),
  });

  function drawExamples() {
    left.clear();
    rho.forEach((r, k) => {
      left.path([[spot(k), 0], [spot(k), r]], "line");
      left.label([spot(k), r], text(r), "tiny", 0, -14);
      left.label([spot(k), 0], `x${subscript(k + 1)}`, "", 0, 18);
    });
    S.forEach((set, i) => {
      const y = -0.42 - 0.13 * i;
      const on = set.flatMap((seen, k) => (seen ? [spot(k)] : []));
      left.path([[Math.min(...on), y], [Math.max(...on), y]], `line bold ${LOOKS[i]}`);
      on.forEach((x) => left.dot([x, y], `solid ${LOOKS[i]}`, 3.5));
    });
    drag.forEach((place) => place());
  }

  function drawRace({ stages }) {
    right.clear();
    const [l, r, t, b] = [12, 12, 24, 24];
    const end = 1.25 * (stages.at(-1)?.time ?? 1);
    const at = (time, s) => [l + (time / end) * (right.W - l - r), t - s * (right.H - t - b)];
    const write = ([x, y], words, look, anchor) => right.draw("text", { x, y, class: `label tiny ${look}`, "text-anchor": anchor }, words);
    for (const s of [0, -1]) right.draw("path", { class: "line thin hair", d: outline([at(0, s), at(end, s)]) });
    S.forEach((_, i) => {
      const own = stages.findIndex((stage) => stage.sigma[i] >= -TIE);
      const run = (own < 0 ? stages : stages.slice(0, own + 1)).map(({ time, sigma }) => at(time, Math.min(0, sigma[i])));
      right.draw("path", { class: `line bold ${LOOKS[i]}`, d: outline([at(0, -1), ...run]) });
    });
    stages.forEach(({ time, winner, block }, j) => {
      const [x, y] = at(time, 0);
      right.draw("path", { class: "line thin dash soft", d: outline([at(time, 0), at(time, -1)]) });
      right.draw("circle", { cx: x, cy: y, r: 5, class: `solid ${LOOKS[winner]}` });
      const side = j + 1 < stages.length ? "end" : "start";
      write([x, y - 9], `learns ${list(block)}`, LOOKS[winner], side);
      write([x, right.H - 8], text(time), "", side);
    });
  }

  function draw() {
    const run = race(S, rho);
    const least = best(S, rho);
    const ratio = run.tie ? null : run.cost / least;
    drawExamples();
    drawRace(run);
    if (ratio !== null) play.score(ratio);
    const [winner, ...rest] = run.stages;
    figure.say(
      run.tie
        ? "Two neurons arrive together with different sets: a tie, in which the sets do not decide."
        : `The neuron of ${list(S[winner.winner])} arrives first, at ${text(winner.time, 3)}, and learns ${list(winner.block)}; ${rest.map(({ time, block }) => `${list(block)} follows at ${text(time, 3)}`).join(", ") || "nothing is left"}.`,
      !run.tie && `The squared loss pays ${text(run.cost, 3)}, the logistic loss ${text(least, 3)}: ${text(100 * (ratio - 1), 1)} % more.`,
      ratio >= WON && "Goal reached.",
      play.answered && "A long example lets its neuron win, and it takes the shared one along; make the other two short and alike.",
    );
    model.set("game", { rho, times: run.stages.map(({ time }) => time), cost: run.cost, least, tie: run.tie });
  }
  return show([left, right], draw);
}

export default { render };
