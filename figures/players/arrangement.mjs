// The lines x_n'h = 0 in the plane of h, their cells and patterns; a hand-held h lights its cell.

import { Panel, button, degrees, handle, outline, plural, shape, show, slider, stage, subscript, text, within } from "./kit.mjs";
import { along, angleOf, cells, dot, pattern, same, turned, unit } from "./plane.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const RADIUS = 1;

function render({ model, el }) {
  const figure = stage(el, "arrangement of lines");
  const { X: original, y, h: first } = model.get("state");
  let X = original;
  let angle = angleOf(first);
  const left = new Panel(figure, { name: "Data points and the direction h, to be dragged", widest: 400, head: "Lines and cells" });
  const right = new Panel(figure, { name: "Activation patterns", widest: 260, head: "Patterns" });
  left.view.reach = 1.28 * Math.max(RADIUS, ...original.map((x) => Math.hypot(...x)));

  const changed = () => {
    model.set("X", X);
    model.set("h", unit(angle));
    draw();
  };
  const drag = X.map((_, n) =>
    handle(left, {
      name: `Example ${n + 1}`,
      get: () => X[n],
      set: (p) => {
        X = X.map((x, k) => (k === n ? within(left, p) : x));
        changed();
      },
      mark: shape("circle", { r: 6, class: `${y[n] > 0 ? "solid" : "ring"} ${LOOK[y[n]]}` }),
    }),
  );
  const dial = slider(figure, {
    name: "direction of h", min: 0, max: 360, step: 1, value: Math.round((angle * 180) / Math.PI),
    show: (v) => `${v}°`,
    change: (v) => ((angle = (v * Math.PI) / 180), changed()),
  });
  const hand = handle(left, {
    name: "Direction h", step: 1e-6,
    get: () => along(unit(angle), RADIUS),
    set: (p, key) => {
      const turn = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[key];
      const next = turn ? dial.get() + turn : Math.round((angleOf(p) * 180) / Math.PI);
      dial.set((next + 360) % 360);
    },
    words: () => degrees(unit(angle)),
    mark: shape("circle", { r: 7, class: "solid wine" }),
  });
  button(figure, "Reset", () => ((X = original), changed()));

  const sector = (cell, r) =>
    cell.to - cell.from > 6.28
      ? Array.from({ length: 90 }, (_, k) => along(unit((k * Math.PI) / 45), r))
      : [[0, 0], ...Array.from({ length: 31 }, (_, k) => along(unit(cell.from + (k * (cell.to - cell.from)) / 30), r))];

  function drawLines(all, lit, now) {
    left.clear();
    all.forEach((cell) => left.path(sector(cell, RADIUS), `area ${same(cell.pattern, lit) ? "wine lit" : "hair"}`, true));
    X.forEach((x, n) => {
      if (dot(x, x) === 0) return;
      left.line([0, 0], turned(x), `line thin ${LOOK[y[n]]}`);
      left.arrow([0, 0], x, `${LOOK[y[n]]} ${now[n] ? "" : "faint"}`, 1.2);
      left.label(x, `x${subscript(n + 1)}`, LOOK[y[n]], 17, 5);
    });
    left.arrow([0, 0], along(unit(angle), 0.93 * RADIUS), "wine", 2.4);
    left.label(along(unit(angle), 1.12 * RADIUS), "h", "wine strong", 0, 5);
    [...drag, hand].forEach((place) => place());
  }

  function drawPatterns(all, lit) {
    right.clear();
    const rows = all.length;
    const side = Math.min(20, (right.W - 40) / X.length);
    right.tall(26 + side * rows);
    const x0 = (right.W - side * X.length) / 2;
    X.forEach((_, n) =>
      right.draw("text", { x: x0 + side * (n + 0.5), y: 14, class: "label tiny", "text-anchor": "middle" }, `x${subscript(n + 1)}`),
    );
    all.forEach((cell, j) => {
      const top = 22 + side * j;
      const here = same(cell.pattern, lit);
      cell.pattern.forEach((on, n) =>
        right.draw("rect", {
          x: x0 + side * n + 1.5, y: top + 1.5, width: side - 3, height: side - 3, rx: 2,
          class: on ? `solid ${here ? "wine" : "soft"}` : `line thin ${here ? "wine" : "hair"}`,
        }),
      );
      if (here) right.draw("path", { class: "solid wine", d: outline([[x0 - 12, top + side / 2 - 5], [x0 - 4, top + side / 2], [x0 - 12, top + side / 2 + 5]], true) });
    });
  }

  function draw() {
    const all = cells(X);
    const h = unit(angle);
    const now = pattern(X, h);
    const cell = all.find((c) => same(c.pattern, now)) ?? all[0];
    drawLines(all, cell.pattern, now);
    drawPatterns(all, cell.pattern);
    const active = now.flatMap((on, n) => (on ? [`x${subscript(n + 1)}`] : []));
    const zero = X.filter((x) => dot(x, x) === 0).length;
    figure.say(
      `${plural(all.length > 1 ? all.length / 2 : 0, "line")} cut the plane into ${plural(all.length, "cell")}.`,
      `The direction h at ${text((angle * 180) / Math.PI, 0)}° activates ${active.length ? active.join(", ") : "no example"}.`,
      zero && `${plural(zero, "example")} at the origin ${zero === 1 ? "has" : "have"} no line.`,
    );
    model.set("cells", all.length);
  }
  return show([left, right], draw);
}

export default { render };
