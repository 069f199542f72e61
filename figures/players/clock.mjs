// The clock of alignment: when a small positive neuron sees its own class and nothing else, and the bound on this time.

import { Panel, degrees, handle, outline, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { game } from "./game.mjs";
import { along, angleOf, dot, unit } from "./plane.mjs";
import { bound, moved, stretches } from "./stretches.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const [WON, RING] = [0.95, 180];

function render({ model, el }) {
  const figure = stage(el, "the clock of alignment");
  const { X: original, y, angle: first } = model.get("state");
  let [X, angle] = [original, first];
  const left = new Panel(figure, { name: "Examples and the start, to be dragged", widest: 340, head: "Examples and a positive neuron" });
  const right = new Panel(figure, { name: "Time of alignment by direction of the start", widest: 400, head: "Time of alignment by start", ratio: 0.8 });
  left.view.reach = 1.6 * Math.max(...original.flat().map(Math.abs));
  const ring = 0.9 * left.view.reach;
  const drag = X.map((_, n) =>
    handle(left, {
      name: `Example ${n + 1}`, step: 0.025,
      get: () => X[n],
      set: (p) => Math.hypot(...p) > 0.2 && ((X = X.map((x, k) => (k === n ? within(left, p, 0.85) : x))), draw()),
      mark: shape("circle", { r: 6, class: `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}` }),
    }),
  );
  const hand = handle(left, {
    name: "Start", step: 1e-6,
    get: () => along(unit(angle), ring),
    set: (p, key) => ((angle = key ? angle + (/Up|Left/.test(key) ? 1 : -1) * (Math.PI / 180) : angleOf(p)), draw()),
    words: (p) => degrees(p),
    mark: shape("circle", { r: 7, class: "solid wine" }),
  });
  const clock = slider(figure, { name: "time", min: 0, max: 1.2, step: 0.01, value: 0, show: (v) => `${text(100 * v, 0)} % of the bound`, change: () => draw() });
  const play = game(figure, {
    name: `clock ${y}`,
    goal: "place the examples and the start so that alignment takes at least 95 % of the bound.",
    better: (a, b) => a > b,
    show: (share) => `${text(100 * share, 1)} %`,
    answer: () => draw(),
  });
  const lasts = (Z, u) => {
    const path = stretches(Z, y, u);
    const { w, t } = path.at(-1);
    const sees = X.some((x) => dot(x, u) > 0);
    return { path, t: Z.every((z) => dot(z, w) > -1e-9) ? t : Infinity, fair: sees && dot(path[0].g, u) >= 0 };
  };

  function drawPlane({ path }, time) {
    left.clear();
    left.path(Array.from({ length: 72 }, (_, k) => along(unit((k * Math.PI) / 36), ring)), "line thin hair", true);
    left.arrow([0, 0], along(unit(angle), 0.93 * ring), "wine faint", 1);
    const arc = path.findLast((a) => a.t <= time);
    left.arrow([0, 0], along(unit(angleOf(moved(arc, time - arc.t))), 0.8 * ring), "wine", 2.4);
    X.forEach((x, n) => {
      left.line([0, 0], [-x[1], x[0]], `line thin dash ${LOOK[y[n]]}`);
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 15, 6);
    });
    [...drag, hand].forEach((place) => place());
  }

  function drawTimes(all, limit, now) {
    right.clear();
    const [top, b] = [1.8 * limit, 22];
    const at = (turn, t) => [12 + turn * (right.W - 24), right.H - b - (Math.min(t, top) / top) * (right.H - b - 8)];
    const word = ([x, y], words, look, anchor) => right.draw("text", { x, y, class: `label tiny ${look}`, "text-anchor": anchor }, words);
    right.draw("path", { class: "line wine", d: outline([at(0, limit), at(1, limit)]) });
    right.draw("path", { class: "line thin hair", d: outline([at(0, 0), at(1, 0)]) });
    word([12, at(0, limit)[1] - 6], "bound", "wine", "start");
    all.forEach(({ t, fair }, k) => {
      const [cx, cy] = at(k / RING, t);
      if (t < top) right.draw("circle", { cx, cy, r: 2, class: `solid ${fair ? "pos" : "soft"}` });
    });
    const [cx, cy] = at(angleOf(unit(angle)) / (2 * Math.PI), now.t);
    right.draw("circle", { cx, cy, r: 5, class: "solid wine" });
    for (const k of [0, 1, 2]) word([at(k / 2, 0)[0], right.H - 4], `${180 * k}°`, "", ["start", "middle", "end"][k]);
  }

  function draw() {
    const Z = X.map((x, n) => along(x, y[n]));
    const { mu, time } = bound(Z);
    const bounded = Number.isFinite(time) && mu < 1;
    const now = lasts(Z, unit(angle));
    const share = bounded && now.fair && Number.isFinite(now.t) ? now.t / time : null;
    drawPlane(now, clock.get() * (bounded ? time : 1));
    if (bounded) drawTimes(Array.from({ length: RING }, (_, k) => lasts(Z, unit((2 * Math.PI * (k + 0.01)) / RING))), time, now);
    else right.clear();
    if (share !== null) play.score(share);
    figure.say(
      bounded ? `The margin μ is ${text(mu, 3)} and the bound ${text(time, 3)}.` : "The classes are not separated: there is no bound.",
      bounded && (share === null ? "This start shrinks at first or sees no example: the bound does not speak of it." : `This start is aligned at ${text(now.t, 3)}, ${text(100 * share, 1)} % of the bound.`),
      share >= WON && "Goal reached.",
      play.answered && "Let the start see one example, the shortest, at nearly a right angle, and let the angle of the classes be wide.",
    );
    model.set("game", { X, u: unit(angle), mu, bound: bounded ? time : null, time: Number.isFinite(now.t) ? now.t : null, fair: now.fair, share });
  }
  return show([left, right], draw);
}

export default { render };
