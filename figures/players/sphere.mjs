// Basins on the sphere (d = 3): every sampled start coloured by the extremal direction it ends at.

import { Panel, show, stage, subscript, text } from "./kit.mjs";
import { equator, normalised, orbit, trace } from "./globe.mjs";

// not the blue and the vermillion of the two classes
const HUES = ["#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#7a5cc0", "#b8a800", "#7f7f7f", "#a0522d"];

function render({ model, el }) {
  const figure = stage(el, "basins on the sphere");
  const { X, y, starts, reached, ends } = model.get("state");
  const panel = new Panel(figure, { name: "Basins on the sphere of directions", widest: 480 });
  panel.view.reach = 1.3;
  const { project } = orbit(figure, panel, 3, draw);
  const flat = (p, r = 1) => project(p).slice(0, 2).map((v) => r * v);
  const front = (p) => project(p)[2] >= 0;

  function draw() {
    panel.clear();
    panel.path(Array.from({ length: 120 }, (_, k) => [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)]), "line soft thin", true);
    starts.forEach((u, k) => {
      if (!front(u)) return;
      const dot = panel.dot(flat(u), reached[k] < 0 ? "solid hair" : "solid", 3);
      if (reached[k] >= 0) dot.style.setProperty("--c", HUES[reached[k] % HUES.length]);
    });
    ends.forEach((u, k) => {
      if (!front(u)) return;
      panel.dot(flat(u), "solid", 9).style.setProperty("--c", HUES[k % HUES.length]);
      panel.dot(flat(u), "ring", 9);
    });
    X.forEach((x, n) => {
      trace(panel, project, equator(x), `line thin ${y[n] > 0 ? "pos" : "neg"}`);
      const p = normalised(x);
      if (front(p)) panel.example(flat(p), y[n], y[n] > 0 ? "pos" : "neg", 6);
      if (front(p)) panel.beyond(flat(p), `x${subscript(n + 1)}`, `tiny ${y[n] > 0 ? "pos" : "neg"}`, 14);
    });
    const seen = ends.flatMap((u, k) => (front(u) ? [`${text((100 * reached.filter((r) => r === k).length) / starts.length, 0)} % end at (${u.map((v) => text(v)).join(", ")})`] : []));
    const dead = reached.filter((r) => r < 0).length;
    figure.say(
      `${ends.length} extremal directions attract. ${seen.length ? `In view: ${seen.join("; ")}.` : "None is in view: turn the sphere."}`,
      dead && `${text((100 * dead) / starts.length, 0)} % of the starts die.`,
    );
  }
  return show([panel], draw);
}

export default { render };
