// A denoiser of least norm in the plane: its score flow, and the sums of training points where the flow stays.

import { Panel, button, handle, shape, show, slider, stage, text, within } from "./kit.mjs";
import { along, dot, minus, plus, relu } from "./plane.mjs";

/** h(y) for the hub 0 and training points X. */
export const denoised = (y, X, rho) =>
  X.reduce((h, x) => {
    const l = Math.hypot(...x), u = along(x, 1 / l), z = dot(u, y);
    return plus(h, along(u, (l / (l - 2 * rho)) * (relu(z - rho) - relu(z - l + rho))));
  }, [0, 0]);

/** Does the flow stay at the sum of all X? The sum of the others must not pull a ramp down. */
export const kept = (X, rho) =>
  X.every((x, m) => X.reduce((sum, other, n) => (n === m ? sum : sum + dot(x, other) / Math.hypot(...x)), 0) > -rho);

function render({ model, el }) {
  const figure = stage(el, "virtual training points");
  const { X: original, rho: first } = model.get("state");
  let X = original;
  const panel = new Panel(figure, { name: "Training points, to be dragged, and the score flow", widest: 460 });
  panel.view.reach = 1.5 * Math.max(...original.flat().map(Math.abs));
  const noise = slider(figure, { name: "noise radius", min: 0.02, max: 0.6, step: 0.01, value: first, show: (v) => text(v), change: () => draw() });
  const drag = X.map((_, n) =>
    handle(panel, {
      name: `Training point ${n + 1}`,
      get: () => X[n],
      set: (p) => {
        X = X.map((x, k) => (k === n ? within(panel, p, 0.9) : x));
        draw();
      },
      mark: shape("circle", { r: 6, class: "solid pos" }),
    }),
  );
  button(figure, "Reset", () => ((X = original), draw()));

  function draw() {
    panel.clear();
    const lengths = X.map((x) => Math.hypot(...x));
    const rho = noise.get();
    const fits = lengths.every((l) => l > 2.02 * rho);
    const acute = dot(X[0], X[1]) > 1e-9;
    const reach = panel.view.reach;
    const corner = plus(X[0], X[1]);
    const [left, low] = panel.place(corner);
    const beside = (p) => Math.hypot(panel.place(p)[0] - left, panel.place(p)[1] - low + 16) > 24; // the word "sum"
    for (let i = -7; fits && i <= 7; i++)
      for (let j = -7; j <= 7; j++) {
        const y = [(i * reach) / 7.5, (j * reach) / 7.5];
        const v = minus(denoised(y, X, rho), y), long = Math.hypot(...v) || 1;
        const step = along(v, Math.min(1, (0.09 * reach) / long));
        if (beside(plus(y, along(step, 0.5)))) panel.arrow(y, plus(y, step), "soft", 1);
      }
    const circle = (c) => panel.path(Array.from({ length: 48 }, (_, k) => plus(c, along([Math.cos((k * Math.PI) / 24), Math.sin((k * Math.PI) / 24)], rho))), "line thin pos", true);
    [[0, 0], ...X].forEach(circle);
    panel.dot([0, 0], "solid pos", 6);
    const stays = fits && kept(X, rho);
    if (fits) panel.dot(corner, stays ? "solid wine" : "ring wine", 7);
    panel.label(corner, "sum", "wine strong", 0, -12);
    drag.forEach((place) => place());
    const angle = (Math.acos(dot(X[0], X[1]) / (lengths[0] * lengths[1])) * 180) / Math.PI;
    figure.say(
      fits ? `The directions make an angle of ${text(angle, 0)}°.` : "The balls touch: make the noise smaller, or the points longer.",
      fits && (stays ? "The flow stays at the sum of the two points, which nobody has seen." : "The flow leaves the sum of the two points."),
      fits && acute && "For an acute angle this is no longer the network of least norm.",
    );
    model.set("game", { X, rho, stays, fits });
  }
  return show([panel], draw);
}

export default { render };
