// Great circles on a sphere: press three normals into one plane, and cells vanish: the count falls below Cover's.

import { Panel, button, element, plural, show, stage, subscript } from "./kit.mjs";
import { game } from "./game.mjs";
import { cross, equator, normalised, orbit, trace } from "./globe.mjs";
import { dot, minus } from "./plane.mjs";

const SAME = 1e-9;
const TURNS = 12; // frames of a press

/** Distinct lines among vectors of space: unit representatives. */
function lines(vectors) {
  const kept = [];
  for (const v of vectors.filter((v) => Math.hypot(...v) > SAME).map(normalised))
    if (!kept.some((w) => Math.hypot(...cross(v, w)) <= SAME)) kept.push(v);
  return kept;
}

/** The number of cells of the planes x_n'h = 0 in space, by Euler's formula on the sphere. */
export function regions(X) {
  const normals = lines(X);
  if (normals.length < 2) return normals.length ? 2 : 1;
  const poles = lines(normals.flatMap((a, i) => normals.slice(i + 1).map((b) => cross(a, b))));
  const through = poles.map((p) => normals.filter((a) => Math.abs(dot(a, p)) <= 1e3 * SAME).length);
  const edges = through.reduce((sum, k) => sum + 2 * k, 0);
  return edges - 2 * poles.length + 2;
}

/** Cover's count for N planes in general position in space. */
export const cover = (N) => 2 * (1 + (N - 1) + ((N - 1) * (N - 2)) / 2);

/** x_c moved into the plane of x_a and x_b by the share t. */
export function pressed(X, [a, b, c], t) {
  const normal = normalised(cross(X[a], X[b]));
  return X.map((x, n) => (n === c ? minus(x, scaled(normal, t * dot(x, normal))) : x));
}
const scaled = (v, r) => v.map((x) => r * x);

function render({ model, el }) {
  const figure = stage(el, "cells on a sphere");
  const { X: original, least, moves: allowed } = model.get("state");
  let X = original, chosen = [], moves = 0, answer = false;
  const panel = new Panel(figure, { name: "Planes of the examples, as great circles", widest: 440 });
  panel.view.reach = 1.25;
  const { project } = orbit(figure, panel, 3, () => draw());
  figure.controls.append(element("div", { class: "break" }));
  const picks = original.map((_, n) => {
    const pick = button(figure, `x${subscript(n + 1)}`, () => {
      chosen = chosen.includes(n) ? chosen.filter((k) => k !== n) : [...chosen, n].slice(-3);
      draw();
    });
    return pick;
  });
  const press = button(figure, "Press into one plane", () => move(chosen));
  button(figure, "Start again", () => ((X = original), (chosen = []), (moves = 0), draw()));
  const play = game(figure, {
    name: `presses ${original}`,
    goal: `in ${allowed} presses, bring the number of cells down as far as you can.`,
    better: (a, b) => a < b,
    show: (count) => plural(count, "cell"),
    answer: (shown) => ((answer = shown), draw()),
  });

  function move(three) {
    if (three.length < 3 || moves >= allowed) return;
    const before = X;
    moves += 1;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const frame = (k) => {
      X = pressed(before, three, k / TURNS);
      draw();
      if (k < TURNS) requestAnimationFrame(() => frame(k + 1));
      else chosen = [], draw();
    };
    frame(still ? TURNS : 1);
  }

  function draw() {
    panel.clear();
    const flat = (p) => project(p).slice(0, 2);
    panel.path(Array.from({ length: 120 }, (_, k) => [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)]), "line soft thin", true);
    X.forEach((x, n) => {
      const look = chosen.includes(n) ? "wine" : "pos";
      trace(panel, project, equator(x), `line ${look}`);
      const p = normalised(x);
      panel.dot(flat(p), `solid ${look} ${project(p)[2] >= 0 ? "" : "faint"}`, 4);
      panel.beyond(flat(p), `x${subscript(n + 1)}`, `tiny ${look}`);
    });
    picks.forEach((pick, n) => pick.setAttribute("aria-pressed", String(chosen.includes(n))));
    press.disabled = chosen.length < 3 || moves >= allowed;
    const count = regions(X), general = cover(X.length);
    if (moves === allowed) play.score(count);
    figure.say(
      `${plural(X.length, "plane")} cut space into ${plural(count, "cell")}${count < general ? `, ${general - count} below Cover's ${general}` : `: Cover's number`}.`,
      `${moves} of ${allowed} presses used.`,
      chosen.length === 3 && `Next, x${subscript(chosen[2] + 1)} is pressed into the plane of the other two.`,
      answer && `The least is ${plural(least, "cell")}: press a third and a fourth normal into the plane of the same two.`,
    );
    model.set("game", { X, count, moves, won: moves === allowed && count === least });
  }
  return show([panel], draw);
}

export default { render };
