// The rectified ellipsoid of three examples, in space: Q and -Q as wire frames, the supporting plane, paths of neurons.

import { Panel, between, moment, show, stage, text, timeline } from "./kit.mjs";
import { cross, normalised, orbit } from "./globe.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const AXES = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

/** Meridians and parallels of the unit sphere. */
function wires(lines = 12, points = 48) {
  const at = (a, b) => [Math.cos(a) * Math.cos(b), Math.sin(a) * Math.cos(b), Math.sin(b)];
  const angles = (n, from, to) => Array.from({ length: n + 1 }, (_, k) => from + (k * (to - from)) / n);
  const meridians = angles(lines, 0, 2 * Math.PI).map((a) => angles(points, -Math.PI / 2, Math.PI / 2).map((b) => at(a, b)));
  const parallels = angles(lines, -1.4, 1.4).map((b) => angles(2 * points, 0, 2 * Math.PI).map((a) => at(a, b)));
  return [...meridians, ...parallels];
}

const inner = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

function render({ model, el }) {
  const figure = stage(el, "rectified ellipsoid in space");
  const { X, y, lam, distance, log_t: clock, paths, signs } = model.get("state");
  const panel = new Panel(figure, { name: "The sets Q and minus Q of three examples", widest: 500 });
  const long = Math.max(...X.map((x) => Math.hypot(...x)));
  panel.view.reach = 1.5 * long;
  const nets = wires().map((wire) => wire.map((u) => X.map((x) => Math.max(0, inner(x, u)))));
  const time = clock.length > 1 && timeline(figure, { name: "log t", count: clock.length, show: (at) => moment(between(clock, at)), change: draw });
  const { project } = orbit(figure, panel, 3, draw, { turn: 38, tilt: 24 });
  const flat = (p) => project(p).slice(0, 2);
  const bound = inner(lam, y) / distance;

  function drawPlane() {
    const n = normalised(lam);
    const a = normalised(cross(n, Math.abs(n[0]) < 0.8 ? AXES[0] : AXES[1]));
    const b = cross(n, a);
    const foot = n.map((v) => (v * distance) / Math.hypot(...lam));
    const corners = [[1, 1], [-1, 1], [-1, -1], [1, -1]].map(([p, q]) => foot.map((v, i) => v + 0.75 * long * (p * a[i] + q * b[i])));
    panel.path(corners.map(flat), "area wine", true);
    panel.path(corners.map(flat), "line thin wine", true);
    panel.arrow(flat(foot), flat(foot.map((v, i) => v + 0.45 * long * n[i])), "wine", 2);
    panel.label(flat(foot.map((v, i) => v + 0.55 * long * n[i])), "λ", "wine strong", 0, 5);
    panel.dot(flat(y.map((v) => v / bound)), "solid", 4);
  }

  function draw() {
    const at = time ? time.get() : 0;
    panel.clear();
    AXES.forEach((axis, i) => {
      panel.path([flat(axis.map((v) => -1.2 * long * v)), flat(axis.map((v) => 1.2 * long * v))], "line thin soft");
      panel.label(flat(axis.map((v) => 1.3 * long * v)), `z${"₁₂₃"[i]}`, "tiny", 0, 4);
    });
    for (const s of [1, -1]) nets.forEach((net) => panel.path(net.map((z) => flat(z.map((v) => s * v))), `line thin faint ${LOOK[s]}`));
    drawPlane();
    const now = between(paths, at);
    signs.forEach((s, i) => {
      const past = [...paths.slice(0, Math.floor(at) + 1).map((frame) => frame[i]), now[i]];
      panel.path(past.map(flat), `line ${LOOK[s]}`);
      panel.dot(flat(now[i]), `solid ${LOOK[s]}`, 4);
    });
    const touching = signs.filter((s, i) => inner(lam, now[i]) >= 0.99 * distance).length;
    figure.say(
      `The plane orthogonal to λ supports Q or −Q, so P* is at least ${text(bound, 4)}.`,
      time && `At log t = ${moment(between(clock, at))}, ${touching} of ${signs.length} neurons are within 1 % of the plane.`,
    );
    model.set("touching", touching);
  }
  return show([panel], draw);
}

export default { render };
