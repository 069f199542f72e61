// The sphere seen from far away: a rotation the reader turns, points in front and behind, great circles.

import { element, slider } from "./kit.mjs";

const RAD = Math.PI / 180;

/**
 * The reader's view of space: `project(p)` is [right, up, toward the eye]. It is turned by two sliders, or by dragging
 * the drawing; in the plane (d = 2) there is nothing to turn and every point is in front.
 */
export function orbit(figure, panel, d, redraw, { turn = 35, tilt = 22 } = {}) {
  if (d === 2) return { project: ([x, y]) => [x, y, 1] };
  const name = (v) => `${Math.round(v)}°`;
  figure.controls.append(element("div", { class: "break" }));
  const turner = slider(figure, { name: "turn", min: -180, max: 180, step: 1, value: turn, show: name, change: redraw });
  const tilter = slider(figure, { name: "tilt", min: -90, max: 90, step: 1, value: tilt, show: name, change: redraw });
  let last = null;
  panel.svg.classList.add("turns");
  panel.svg.addEventListener("pointerdown", (event) => {
    panel.svg.setPointerCapture(event.pointerId);
    last = [event.clientX, event.clientY];
  });
  panel.svg.addEventListener("pointermove", (event) => {
    if (!last) return;
    const [dx, dy] = [event.clientX - last[0], event.clientY - last[1]];
    last = [event.clientX, event.clientY];
    turner.input.value = ((turner.get() - dx / 2 + 540) % 360) - 180;
    tilter.input.value = Math.min(90, Math.max(-90, tilter.get() + dy / 2));
    [turner, tilter].forEach((control) => control.tell());
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) panel.svg.addEventListener(end, () => (last = null));
  return { project: (p) => seen(p, turner.get(), tilter.get()) };
}

/** Right, up and toward the eye, for an eye at `turn` degrees around the third axis and `tilt` degrees above the plane. */
export function seen([x, y, z], turn, tilt) {
  const [a, e] = [turn * RAD, tilt * RAD];
  const ahead = x * Math.cos(a) + y * Math.sin(a);
  return [y * Math.cos(a) - x * Math.sin(a), z * Math.cos(e) - ahead * Math.sin(e), ahead * Math.cos(e) + z * Math.sin(e)];
}

/** The circle of radius 1 in which the hyperplane of `x` cuts the sphere (for d = 2, its two ends). */
export function equator(x) {
  const long = Math.hypot(...x);
  if (long === 0) return [];
  if (x.length === 2) return [[-x[1] / long, x[0] / long], [x[1] / long, -x[0] / long]];
  const other = Math.abs(x[0]) < 0.6 * long ? [1, 0, 0] : [0, 1, 0];
  const a = normalised(cross(x, other));
  const b = normalised(cross(x, a));
  return Array.from({ length: 97 }, (_, k) => (k * Math.PI) / 48).map((t) => a.map((v, i) => v * Math.cos(t) + b[i] * Math.sin(t)));
}

/** A curve in space drawn in two parts: what is in front as `look`, what is behind, faint. */
export function trace(panel, project, points, look) {
  let run = [];
  let front = null;
  const end = () => run.length > 1 && panel.path(run, front ? look : `${look} faint`);
  for (const p of points.map(project)) {
    const here = p[2] >= 0;
    run.push(p.slice(0, 2));
    if (front !== null && here !== front) {
      end();
      run = [p.slice(0, 2)];
    }
    front = here;
  }
  end();
}

export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const normalised = (v) => v.map((c) => c / (Math.hypot(...v) || 1));
