// From data that satisfy the theorem's hypothesis to data that do not: P*, what the flow pays, and the neuron it lacks.

import { Panel, between, degrees, outline, show, slider, stage, subscript, text } from "./kit.mjs";
import { along, hausdorff, unit } from "./plane.mjs";
import { flow, maxMargin } from "./program.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const MISSING = 1.05; // above what a flow that is still on its way can show
const SAMPLES = 40;
const LEAP = 0.1; // of the height, from one sample to the next: the limit of a flow may jump, and no line joins the two

/** P*, the flow's cost at margin 1, and the Hausdorff distance of its multiplier, for data in the plane. */
export function compared(X, y, start) {
  const best = maxMargin(X, y);
  const run = flow(X, y, start);
  const gamma = Math.min(...run.margins);
  const cost = gamma > 0 ? run.radii.reduce((sum, r) => sum + r * r, 0) / gamma : Infinity;
  const missing = hausdorff(X, run.lam);
  return { optimum: best ? best.value : Infinity, cost, distance: cost * missing.value, missing, run, best };
}

function render({ model, el }) {
  const figure = stage(el, "loss of the hypothesis");
  const { knots, y, names, angles, signs, scale } = model.get("state");
  const start = { angles, signs, scale };
  const left = new Panel(figure, { name: "Data and neurons", widest: 340, head: "Data and neurons" });
  const right = new Panel(figure, { name: "Cost of the flow's limit and of the optimum", widest: 400, head: "Cost", ratio: 0.86 });
  left.view.reach = 1.35 * Math.max(...knots.flat(2).map(Math.abs));
  const last = knots.length - 1;
  const where = (at) => (at % 1 === 0 ? names[at] : `between ${names[Math.floor(at)]} and ${names[Math.ceil(at)]}`);
  const samples = [];
  const dial = slider(figure, { name: "data", min: 0, max: last, step: last / SAMPLES, value: 0, show: where, change: draw });

  function drawData(X, { run, missing, distance }) {
    left.clear();
    left.line([0, 0], [1, 0], "line thin hair");
    left.line([0, 0], [0, 1], "line thin hair");
    const long = Math.max(...run.radii);
    const arm = (r) => left.view.reach * (0.15 + 0.6 * (r / long));
    run.angles.forEach((t, i) => left.arrow([0, 0], along(unit(t), arm(run.radii[i])), LOOK[signs[i]], 1.6));
    if (distance > MISSING) {
      left.path([[0, 0], along(missing.u, 0.8 * left.view.reach)], "line bold dash wine");
      left.label(along(missing.u, 0.9 * left.view.reach), "missing", "wine strong", 0, 5);
    }
    X.forEach((x, n) => {
      left.example(x, y[n], LOOK[y[n]]);
      const long = Math.hypot(...x) || 1; // beside the ray through x, along which a neuron may lie
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], (15 * x[1]) / long, 4 + (15 * x[0]) / long);
    });
  }

  function drawCosts(at) {
    right.clear();
    const [l, r, t, b] = [34, 12, 10, 30];
    const top = 1.1 * Math.max(1, ...samples.flatMap((s) => [s.cost, s.optimum]).filter(Number.isFinite));
    const place = (v, c) => [l + (v / last) * (right.W - l - r), right.H - b - (c / top) * (right.H - t - b)];
    const step = [0.5, 1, 2, 5, 10, 20, 50].find((v) => top / v <= 6) ?? top / 4;
    for (let c = 0; c <= top; c += step) {
      right.draw("path", { class: "line thin hair", d: outline([place(0, c), place(last, c)]) });
      right.draw("text", { x: l - 6, y: place(0, c)[1] + 4, class: "label tiny", "text-anchor": "end" }, String(c));
    }
    // a long first name has the upper of two lines for itself
    const upper = 6 * (names[0].length + (names[1].length + 1) / (last > 1 ? 2 : 1)) > (right.W - l - r) / last;
    names.forEach((name, k) =>
      right.draw("text", { x: place(k, 0)[0], y: right.H - (!upper ? 8 : k === 0 ? 17 : 4), class: "label tiny", "text-anchor": k === 0 ? "start" : k === last ? "end" : "middle" }, name),
    );
    const curve = (key, look, name, lift, anchor) => {
      const shown = samples.filter((s) => Number.isFinite(s[key]));
      const points = shown.map((s) => place(s.at, s[key]));
      const leaps = shown.flatMap((s, k) => (k && Math.abs(s[key] - shown[k - 1][key]) > LEAP * top ? [k] : []));
      const pieces = [0, ...leaps].map((k, i) => points.slice(k, leaps[i])).filter((piece) => piece.length > 1);
      right.draw("path", { class: `line bold ${look}`, d: pieces.map((piece) => outline(piece)).join("") });
      const near = points[Math.floor(0.8 * SAMPLES)];
      if (near) right.draw("text", { x: near[0], y: near[1] + lift, class: `label strong ${look}`, "text-anchor": anchor }, name);
    };
    curve("optimum", "ink", "P*", 22, "start"); // both curves rise: a name below starts where it stands, one above ends
    curve("cost", "wine", "flow", -9, "end");
    const [x] = place(at, 0);
    right.draw("path", { class: "line thin dash soft", d: outline([[x, t], [x, right.H - b]]) });
  }

  function draw() {
    const at = dial.get();
    const X = between(knots, at);
    const now = compared(X, y, start);
    drawData(X, now);
    drawCosts(at);
    figure.say(
      `Data ${where(at)}: P* is ${text(now.optimum, 3)}, the flow pays ${text(now.cost, 3)}, and the Hausdorff distance is ${text(now.distance, 3)}.`,
      now.distance > MISSING
        ? `A ${now.missing.s > 0 ? "positive" : "negative"} neuron at ${degrees(now.missing.u)} is missing.`
        : "No neuron is missing.",
    );
    model.set("compared", { optimum: now.optimum, cost: now.cost, distance: now.distance, u: now.missing.u, s: now.missing.s });
  }

  // The curves are computed a sample at a time, so that the page stays alive meanwhile.
  let timer = null;
  const sample = () => {
    const at = (last * samples.length) / SAMPLES;
    const { optimum, cost } = compared(between(knots, at), y, start);
    samples.push({ at, optimum, cost });
    drawCosts(dial.get());
    if (samples.length <= SAMPLES) timer = setTimeout(sample);
  };
  const stop = show([left, right], draw);
  timer = setTimeout(sample);
  return () => (clearTimeout(timer), stop());
}

export default { render };
