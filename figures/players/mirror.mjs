// A neuron of each sign on symmetric data: mirrored, the network is linear; if not, it may leave an example out.

import { Panel, button, degrees, handle, outline, shape, show, slider, stage, subscript, text } from "./kit.mjs";
import { game } from "./game.mjs";
import { along, angleOf, dot, relu, unit } from "./plane.mjs";
import { flow } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const [END, LONGEST, NONE] = [10, 60, 1e-6];
const DEGREE = Math.PI / 180;

/** f(x) = beta'x + e(x) of the balanced network with these angles and radii: f, and its linear part. */
export function parts({ angles, radii }, signs, x) {
  const terms = angles.map((t, i) => signs[i] * radii[i] ** 2 * dot(unit(t), x));
  return { f: terms.reduce((sum, v, i) => sum + signs[i] * relu(signs[i] * v), 0), linear: terms.reduce((sum, v) => sum + v / 2, 0) };
}

/** The largest |e| on the rows, over the largest |f|. */
export function bent(run, signs, X) {
  const all = X.map((x) => parts(run, signs, x));
  const largest = (key) => Math.max(...all.map(key));
  return largest(({ f, linear }) => Math.abs(f - linear)) / largest(({ f }) => Math.abs(f));
}

function render({ model, el }) {
  const figure = stage(el, "mirrored starts");
  const { X, y, angles: first, scale, answer } = model.get("state");
  const signs = [1, -1];
  let [angles, mirrored] = [first, true];
  const left = new Panel(figure, { name: "Examples and the starts of two neurons", widest: 340, head: "Examples, and two neurons" });
  const right = new Panel(figure, { name: "The network over the circle of directions", widest: 400, head: "The network over the circle", ratio: 0.7 });
  left.view.reach = 1.6 * Math.max(...X.flat().map(Math.abs));
  const ring = 0.9 * left.view.reach;
  const put = (i, t) => ((angles = angles.map((a, k) => (k === i ? t : mirrored ? t + Math.PI : a))), draw());
  const rounded = (t) => Math.round(t / DEGREE) * DEGREE;
  const hands = signs.map((s, i) =>
    handle(left, {
      name: `Start of the ${s > 0 ? "positive" : "negative"} neuron`, step: 1e-6,
      get: () => along(unit(angles[i]), ring),
      set: (p, key) => put(i, rounded(key ? angles[i] + (/Up|Left/.test(key) ? DEGREE : -DEGREE) : angleOf(p))),
      words: (p) => degrees(p),
      mark: shape("circle", { r: 7, class: `${s > 0 ? "solid" : "ring"} ${LOOK[s]}` }),
    }),
  );
  const clock = slider(figure, { name: "training", min: 0, max: 1, step: 0.01, value: 1, show: (v) => (v < 1 ? `${text(100 * v, 0)} %` : "to the end"), change: () => draw() });
  const toggle = button(figure, "Mirrored", () => {
    mirrored = !mirrored;
    put(0, angles[0]);
  });
  const play = game(figure, {
    name: `mirror ${X}`,
    goal: "with the mirror off, make training leave an example out, with the negative start as near to the mirrored one as you can.",
    better: (a, b) => a < b,
    show: (turn) => `${text(turn, 0)}°`,
    answer: (shown) => {
      mirrored = !shown;
      angles = shown ? answer : first;
      draw();
    },
  });

  function drawPlane(run, lost) {
    left.clear();
    for (let k = 0; k < 120; k++) {
      const { f } = parts(run, signs, unit((k + 0.5) * 3 * DEGREE));
      const edge = [k, k + 1].map((j) => along(unit(j * 3 * DEGREE), ring));
      if (f !== 0) left.path([[0, 0], ...edge], `area ${LOOK[Math.sign(f)]}`, true);
    }
    const longest = Math.max(...run.radii);
    run.angles.forEach((t, i) => left.arrow([0, 0], along(unit(t), (0.75 * ring * run.radii[i]) / longest), LOOK[signs[i]], 2.2));
    X.forEach((x, n) => {
      left.example(x, y[n], LOOK[y[n]]);
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 15, 6);
      if (lost[n]) left.dot(x, "ring wine", 12);
    });
    hands.forEach((place) => place());
  }

  function drawCurve(run) {
    right.clear();
    const all = Array.from({ length: 361 }, (_, k) => parts(run, signs, unit(k * DEGREE)));
    const top = 1.1 * Math.max(...all.flatMap(({ f, linear }) => [Math.abs(f), Math.abs(linear)]));
    const at = (k, v) => [12 + (k / 360) * (right.W - 24), right.H / 2 - 8 - (v / top) * (right.H / 2 - 16)];
    right.draw("path", { class: "line thin hair", d: outline([at(0, 0), at(360, 0)]) });
    right.draw("path", { class: "line bold", d: outline(all.map(({ f }, k) => at(k, f))) });
    right.draw("path", { class: "line dash wine", d: outline(all.map(({ linear }, k) => at(k, linear))) });
    for (const k of [0, 180, 360]) right.draw("text", { x: at(k, 0)[0], y: right.H - 2, class: "label tiny", "text-anchor": ["start", "middle", "end"][k / 180] }, `${k}°`);
  }

  function draw() {
    const whole = flow(X, y, { angles, signs, scale, end: END, longest: LONGEST });
    const run = clock.get() < 1 ? flow(X, y, { angles, signs, scale, end: END * clock.get(), longest: LONGEST * clock.get() }) : whole;
    const lost = whole.margins.map((q) => q < NONE);
    const share = bent(run, signs, X);
    const turn = Math.abs(Math.round(Math.asin(Math.sin((angles[1] - angles[0]) / 2 - Math.PI / 2)) / DEGREE) * 2);
    toggle.setAttribute("aria-pressed", String(mirrored));
    drawPlane(run, lost);
    drawCurve(run);
    const number = lost.filter(Boolean).length;
    if (number && turn > 0) play.score(turn);
    figure.say(
      share < 1e-6 ? "The network is linear: the curve lies on its linear part." : `The network is not linear: its even part is up to ${text(100 * share, 1)} % of its values on the examples.`,
      number ? `At t = ${text(Math.exp(whole.log_t), 0)} ${number === 1 ? "an example is" : `${number} examples are`} left out (ringed): no neuron that could raise the margin sees it.` : "All examples are learnt.",
      `The negative start is ${text(turn, 0)}° from the mirrored one.`,
    );
    model.set("game", { angles, mirrored, share, lost, log_t: whole.log_t, margins: whole.margins, radii: whole.radii, ends: whole.angles });
  }
  return show([left, right], draw);
}

export default { render };
