// The laboratory on the page: data that are dragged, P* under the finger, and a flow that runs in a worker.

import { Panel, button, element, handle, plural, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { game } from "./game.mjs";
import { along, angleOf, arcs, growth, hausdorff, turned, unit } from "./plane.mjs";
import { flow, maxMargin } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const FAILS = 1.05; // a flow that costs this much more than P* has missed it
const HUNT = "Find data on which training fails";
const TRIALS = 200;

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A balanced start: directions uniform on the circle, signs fair coins. */
export function start({ width, scale, seed }) {
  const next = random(seed);
  const angles = Array.from({ length: width }, () => 2 * Math.PI * next());
  const signs = Array.from({ length: width }, () => (next() < 0.5 ? -1 : 1));
  return { angles, signs, scale };
}

/** Where the flow ends, in numbers: its cost at margin 1 (infinite if it has not got to margin 300), what it misses. */
export function trained(X, y, begin) {
  const run = flow(X, y, { ...begin, longest: 600 });
  const gamma = Math.min(...run.margins) >= 300 ? Math.min(...run.margins) : 0;
  const cost = gamma > 0 ? run.radii.reduce((sum, r) => sum + r * r, 0) / gamma : Infinity;
  return { ...run, cost, signs: begin.signs, missing: hausdorff(X, run.lam) };
}

/** Answers of `trained`, away from the page's own thread; without workers, on it. */
function background(source, answer) {
  const inside = `${source.replace(/^export /gm, "")}
    ${trained}
    onmessage = ({ data: { id, X, y, begin } }) => postMessage({ id, result: trained(X, y, begin) });`;
  let worker = null;
  try {
    worker = new Worker(URL.createObjectURL(new Blob([inside], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => answer(data.id, data.result);
  } catch { worker = null; }
  return (id, X, y, begin) => (worker ? worker.postMessage({ id, X, y, begin }) : setTimeout(() => answer(id, trained(X, y, begin))));
}

/** The sectors between two angles in which a network of `neurons` has one sign, that of f. */
export function sectors(neurons) {
  const [U, c] = [neurons.map(({ u }) => u), neurons.map(({ s, mu }) => s * mu)];
  const zeros = (g) => [turned(g), along(turned(g), -1)].map(angleOf).flatMap((t) => [t, t + 2 * Math.PI]);
  const cuts = arcs(U, c).flatMap(({ from, to, g }) => [from, ...zeros(g).filter((t) => t > from && t < to).sort((a, b) => a - b)]);
  return cuts.map((from, k) => {
    const to = cuts[k + 1] ?? cuts[0] + 2 * Math.PI;
    return { from, to, f: growth(U, c, unit((from + to) / 2)) };
  });
}

function render({ model, el }) {
  const figure = stage(el, "the laboratory");
  const { X: original, y: labels, width, scale, seed, source } = model.get("state");
  let [X, y] = [original, labels];
  let [asked, ran, waiting, hunt] = [0, null, false, null];
  const left = new Panel(figure, { name: "Data points, to be dragged; Enter changes a label", widest: 380, head: "Data, and what the networks say" });
  const right = new Panel(figure, { name: "Cost of the trained network and of the best", widest: 260, head: "Cost at margin 1", ratio: 1.1 });
  left.view.reach = 1.4 * Math.max(...original.flat().map(Math.abs));
  const begin = () => start({ width: Math.round(wide.get()), scale: 10 ** size.get(), seed: Math.round(seeds.get()) });
  const run = background(source ?? "", (id, result) => {
    if (hunt && id === hunt.id) return found(result);
    if (id !== asked) return;
    [ran, waiting] = [result, false];
    draw();
  });
  const changed = () => {
    [ran, waiting] = [null, true];
    asked += 1;
    run(asked, X, y, begin());
    draw();
  };
  const drag = X.map((_, n) => {
    const mark = shape("circle", { r: 6 });
    const place = handle(left, {
      name: `Example ${n + 1}`,
      get: () => X[n],
      set: (p) => {
        X = X.map((x, k) => (k === n ? within(left, p) : x));
        changed();
      },
      words: (p) => `${text(p[0])}, ${text(p[1])}, label ${y[n] > 0 ? "plus" : "minus"} one`,
      mark,
    });
    const flip = () => ((y = y.map((label, k) => (k === n ? -label : label))), changed());
    mark.parentNode.addEventListener("keydown", (event) => event.key === "Enter" && flip());
    mark.parentNode.addEventListener("dblclick", flip);
    return () => (mark.setAttribute("class", `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}`), place());
  });
  const wide = slider(figure, { name: "width", min: 1, max: 40, step: 1, value: width, show: (v) => plural(v, "neuron"), change: () => begun && changed() });
  const size = slider(figure, { name: "scale", min: -3, max: 0.5, step: 0.1, value: Math.log10(scale), show: (v) => text(10 ** v, 3), change: () => begun && changed() });
  const seeds = slider(figure, { name: "seed", min: 0, max: 99, step: 1, value: seed, show: (v) => String(v), change: () => begun && changed() });
  figure.controls.append(element("div", { class: "break" }));
  button(figure, "Flip a label", () => ((y = y.map((label, n) => (n === asked % y.length ? -label : label))), changed()));
  const hunter = button(figure, HUNT, () => search());
  button(figure, "Reset", () => (([X, y] = [original, labels]), changed()));
  const play = game(figure, {
    name: "laboratory",
    goal: "place the points so that training pays more than the best network, as much more as you can.",
    better: (a, b) => a > b,
    show: (ratio) => `${text(ratio, 2)} times`,
    answer: () => draw(),
  });
  let begun = false;

  /** Random data, a trial at a time, until a flow misses the optimum. The worker trains, so the page stays alive. */
  function search(trial = 0) {
    const next = random(1000 * Math.round(seeds.get()) + trial + 1);
    const rows = original.map(() => [2 * next() - 1, 2 * next() - 1].map((v) => Math.round(v * 12.8 * left.view.reach) / 16));
    hunter.textContent = `Trial ${trial + 1}`;
    hunt = { id: `trial ${trial}`, trial, rows, y, best: maxMargin(rows, y) };
    if (hunt.best) run(hunt.id, rows, y, begin());
    else found({ cost: Infinity });
  }

  function found({ cost }) {
    const { trial, rows, best } = hunt;
    const fails = best && Number.isFinite(cost) && cost > FAILS * best.value;
    if (!fails && trial < TRIALS) return setTimeout(() => search(trial + 1));
    hunt = null;
    hunter.textContent = fails ? HUNT : "None found: another width, another seed?";
    if (fails) X = rows;
    changed();
  }

  function drawData(best) {
    left.clear();
    const reach = left.view.reach;
    for (const { from, to, f } of best ? sectors(best.neurons) : []) {
      const edge = Array.from({ length: 13 }, (_, k) => along(unit(from + (k * (to - from)) / 12), 2 * reach));
      if (Math.abs(f) > 1e-9) left.path([[0, 0], ...edge], `area ${f > 0 ? "pos" : "neg"}`, true);
    }
    if (ran) {
      const long = Math.max(...ran.radii);
      ran.angles.forEach((t, i) => ran.radii[i] > 0.03 * long && left.arrow([0, 0], along(unit(t), reach * (0.15 + (0.6 * ran.radii[i]) / long)), LOOK[ran.signs[i]], 1.6));
    }
    X.forEach((x, n) => left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 15, 6));
    drag.forEach((place) => place());
  }

  function drawCosts(best) {
    right.clear();
    const [b, t] = [30, 16];
    const top = 1.15 * Math.max(best ? best.value : 1, ran && Number.isFinite(ran.cost) ? ran.cost : 1);
    const bar = (k, cost, look, name) => {
      const [x, w] = [right.W * (0.16 + 0.42 * k), right.W * 0.26];
      const h = (cost / top) * (right.H - t - b);
      right.draw("rect", { x, y: right.H - b - h, width: w, height: h, class: `area ${look} lit` });
      right.draw("text", { x: x + w / 2, y: right.H - b - h - 5, class: `label strong ${look}`, "text-anchor": "middle" }, text(cost, 3));
      right.draw("text", { x: x + w / 2, y: right.H - 10, class: "label tiny", "text-anchor": "middle" }, name);
    };
    if (best) bar(0, best.value, "pos", "best network");
    if (ran && Number.isFinite(ran.cost)) bar(1, ran.cost, "neg", "trained");
  }

  function draw() {
    const best = maxMargin(X, y);
    drawData(best);
    drawCosts(best);
    const ratio = best && ran && Number.isFinite(ran.cost) ? ran.cost / best.value : null;
    if (ratio !== null && ratio >= 1) play.score(ratio);
    figure.say(
      best ? `The least cost P* is ${text(best.value, 4)}.` : "No network without biases fits these data.",
      waiting && "Training ...",
      ran && (ratio === null ? "The trained network does not fit the data." : `Training pays ${text(ran.cost, 4)}, ${text(ratio, 3)} times as much.`),
      play.answered && "Obtuse pairs within a class are what training misses: see the chapter on the edge of the theorem.",
    );
    model.set("game", { X, y, begin: begin(), optimum: best ? best.value : null, cost: ran ? ran.cost : null, ratio, waiting });
  }
  const stop = show([left, right], draw);
  begun = true;
  changed();
  return () => ((hunt = null), stop());
}

export default { render };
