// A teacher over three examples: where one neuron is the cheapest network that fits, and where it is not.

import { Panel, handle, outline, shape, show, stage, subscript, text } from "./kit.mjs";
import { game } from "./game.mjs";
import { cross } from "./globe.mjs";
import { dot, minus, plus } from "./plane.mjs";

const WIDE = Math.SQRT1_2; // the cosine of 45 degrees
const [GRID, COLUMNS, ROWS] = [45, 44, 200]; // of the answer; of the shading, with a column in the middle
const [ABOVE, REACH] = [1e-9, 0.8];

const norm = (v) => Math.hypot(...v);
const scaled = (v, r) => v.map((c) => r * c);

/** lam = X^-T v for three independent rows. */
export function multiplier(X, v) {
  const normals = X.map((_, k) => cross(X[(k + 1) % 3], X[(k + 2) % 3]));
  return normals.map((n) => dot(n, v) / dot(X[0], normals[0]));
}

/** The distance of p from the zonotope of at most two generators. */
function gap(p, Z) {
  if (Z.length === 0) return norm(p);
  const [a, b] = Z;
  if (Z.length === 1) return norm(minus(p, scaled(a, Math.min(1, Math.max(0, dot(p, a) / dot(a, a))))));
  const [aa, ab, bb, pa, pb] = [dot(a, a), dot(a, b), dot(b, b), dot(p, a), dot(p, b)];
  const [s, t] = [bb * pa - ab * pb, aa * pb - ab * pa].map((v) => v / (aa * bb - ab * ab));
  if ([s, t].every((c) => c >= 0 && c <= 1)) return norm(minus(p, plus(scaled(a, s), scaled(b, t))));
  return Math.min(...[[a, b], [b, a]].flatMap(([c, d]) => [gap(p, [d]), gap(minus(p, c), [d])]));
}

/** d_H(lam) for three independent rows, exactly: the distance to a convex set is largest at a vertex. */
export function apart(X, lam) {
  const sides = [1, -1].map((s) => X.flatMap((x, n) => (s * lam[n] > 0 ? [scaled(x, s * lam[n])] : [])));
  const vertices = (Z) => Z.reduce((all, z) => [...all, ...all.map((p) => plus(p, z))], [[0, 0, 0]]);
  const farthest = ([from, to]) => (from.length ? Math.max(...vertices(from).map((p) => gap(p, to))) : 0);
  return Math.max(farthest(sides), farthest([sides[1], sides[0]]));
}

/** The pieces of the line at height c, each with its `kind`; their ends to a pixel. */
function pieces(kind, c) {
  const [found, side] = [[], (2 * REACH) / COLUMNS];
  let [from, look] = [-REACH, kind([-REACH, c])];
  for (let k = 1; k <= COLUMNS; k++) {
    let [a, b] = [k - 1, k].map((n) => n * side - REACH);
    const here = kind([b, c]);
    if (here === look) continue;
    for (let step = 0; step < 6; step++) [a, b] = kind([(a + b) / 2, c]) === look ? [(a + b) / 2, b] : [a, (a + b) / 2];
    if (look) found.push({ look, from, to: b });
    [from, look] = [b, here];
  }
  return found;
}

/** Pieces of a line, those that touch in one. */
const whole = (line) =>
  line.reduce((all, p) => (all.at(-1)?.to === p.from ? [...all.slice(0, -1), { ...all.at(-1), to: p.to }] : [...all, p]), []);

/** The outlines of where a kind is `meant`: up the left ends of its pieces of the lines, down the right ones. */
function outlines(lines, kind, meant) {
  const found = [];
  lines.forEach(({ c, line }, k) => {
    for (const { from, to } of whole(line.filter((p) => meant(p.look)))) {
      const below = found.find((one) => one.last === k - 1 && one.left.at(-1)[0] < to && from < one.right[0][0]);
      const one = below ?? { left: [], right: [] };
      if (!below) found.push(one);
      one.left.push([from, c]);
      one.right.unshift([to, c]);
      one.last = k;
    }
  });
  const apart = (2 * REACH) / ROWS;
  const beyond = ([from, c], [to], far) =>
    [1, 2, 3].map((quarter) => {
      const x = from + (quarter / 4) * (to - from);
      let [a, b] = [c, c + far];
      for (let step = 0; step < 6; step++) [a, b] = meant(kind([x, (a + b) / 2])) ? [(a + b) / 2, b] : [a, (a + b) / 2];
      return [x, a];
    });
  const around = ({ left, right }) => [
    ...left, ...beyond(left.at(-1), right[0], apart), ...right, ...beyond(right.at(-1), left[0], -apart),
  ];
  return found.map(around);
}

function render({ model, el }) {
  const figure = stage(el, "the teacher");
  const { X, v: first } = model.get("state");
  const units = X.map((x) => scaled(x, 1 / norm(x)));
  const lifted = ([a, c]) => [Math.sqrt(Math.max(0, 1 - a * a - c * c)), a, c];
  const height = (v) => apart(X, multiplier(X, v));
  const near = (v) => units.every((x) => dot(x, v) >= WIDE);
  let at = [first[1], first[2]];
  const panel = new Panel(figure, { name: "The sphere of teachers from above", widest: 430 });
  panel.view.reach = REACH;
  const side = (2 * REACH) / GRID;
  const spots = Array.from({ length: GRID * GRID }, (_, k) => [(k % GRID) + 0.5, Math.floor(k / GRID) + 0.5].map((c) => c * side - REACH));
  const seen = spots.filter((p) => norm(p) < 1 && near(lifted(p))).map((p) => ({ p, d: height(lifted(p)) }));
  const top = seen.reduce((best, one) => (one.d > best.d ? one : best));
  const kind = (p) => (norm(p) >= 1 || !near(lifted(p)) ? "" : height(lifted(p)) > 1 + ABOVE ? "dearer" : "cheapest");
  const heights = Array.from({ length: ROWS }, (_, k) => ((2 * k + 1) / ROWS - 1) * REACH);
  const lines = heights.map((c) => ({ c, line: pieces(kind, c) }));
  const [cheapest, inside] = [(look) => look === "cheapest", (look) => look !== ""].map((meant) => outlines(lines, kind, meant));
  const hand = handle(panel, {
    name: "Teacher", step: 0.01,
    get: () => at,
    set: (p) => ((at = scaled(p, Math.min(1, 0.99 * REACH / norm(p) || 1))), draw()),
    words: (p) => lifted(p).map((c) => text(c)).join(", "),
    mark: shape("circle", { r: 7, class: "solid neg" }),
  });
  const play = game(figure, {
    name: `teacher ${X}`,
    goal: "within 45° of all three examples, drag the teacher to where one neuron is farthest from cheapest: the distance as large as you can.",
    better: (a, b) => a > b,
    show: (d) => text(d, 3),
    answer: () => draw(),
  });

  function draw() {
    panel.clear();
    const area = (parts) => parts.map((part) => outline(part.map((p) => panel.place(p)), true)).join("");
    panel.draw("path", { class: "area pos", d: area(cheapest) });
    panel.draw("path", { class: "area wine lit", d: area([...inside, ...cheapest]), "fill-rule": "evenodd" });
    panel.line([0, 0], [1, 0], "line thin hair");
    panel.line([0, 0], [0, 1], "line thin hair");
    units.forEach((x, n) => {
      panel.dot(x.slice(1), "solid pos", 5);
      panel.label(x.slice(1), `x${subscript(n + 1)}`, "pos", 0, -9);
    });
    if (play.answered) panel.dot(top.p, "ring wine", 9);
    panel.label(at, "v", "neg strong", 14, 5);
    hand();
    const v = lifted(at);
    const [d, allowed] = [height(v), near(v)];
    if (allowed) play.score(d);
    figure.say(
      `The distance d of the two zonotopes is ${text(d, 3)}.`,
      d > 1 + ABOVE ? `So the teacher is not the cheapest network: some other one fits for less than 1, though for no less than 1/d = ${text(1 / d, 3)}.` : "So the teacher, one neuron of cost 1, is the cheapest network that fits.",
      !allowed && "Here an example is more than 45° away.",
      play.answered && `The ring is the best point of a grid: ${text(top.d, 3)}.`,
    );
    model.set("game", { v, distance: d, allowed, top: top.d, share: seen.filter((one) => one.d > 1 + ABOVE).length / seen.length });
  }
  return show([panel], draw);
}

export default { render };
