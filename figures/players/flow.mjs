// Neurons as arrows on the circle or the sphere, along a flow whose clock is log t; sliding and dying are marked.

import { Panel, between, degrees, moment, outline, plural, show, stage, subscript, text, timeline } from "./kit.mjs";
import { equator, normalised, orbit, trace } from "./globe.mjs";

const LOOK = { 1: "pos", [-1]: "neg" };
const DEAD = -2;

function render({ model, el }) {
  const figure = stage(el, "gradient flow");
  const { X, y, log_t: clock, directions, sizes, signs, status, targets, shares } = model.get("state");
  const d = X[0].length;
  const panel = new Panel(figure, { name: "Directions of the neurons", widest: 480 });
  panel.view.reach = 1.3;
  const time = timeline(figure, { name: "log t", count: clock.length, show: (at) => moment(between(clock, at)), change: draw });
  const { project } = orbit(figure, panel, d, draw);
  const flat = (p, r = 1) => project(p).slice(0, 2).map((v) => r * v);
  const look = (p) => (project(p)[2] >= 0 ? "" : "faint");

  function drawSphere(sliding) {
    panel.path(Array.from({ length: 120 }, (_, k) => [Math.cos((k * Math.PI) / 60), Math.sin((k * Math.PI) / 60)]), "line soft thin", true);
    X.forEach((x, n) => trace(panel, project, equator(x), sliding.includes(n) ? "line dash wine" : "line thin hair"));
    const marks = [];
    X.forEach((x, n) => {
      if (Math.hypot(...x) === 0) return;
      const p = normalised(x);
      const at = flat(p, d === 2 ? 1.1 : 1);
      panel.example(at, y[n], `${LOOK[y[n]]} ${look(p)}`, 4.5);
      const close = marks.filter((q) => Math.hypot(q[0] - at[0], q[1] - at[1]) * panel.scale < 14).length;
      panel.beyond(at, `x${subscript(n + 1)}`, `tiny ${LOOK[y[n]]} ${look(p)}`, 14 + 14 * close);
      marks.push(at);
    });
    targets.forEach((u) => panel.dot(flat(u), `ring wine ${look(u)}`, 9));
  }

  function drawNeuron(i, at, u, size, state) {
    const kind = state === DEAD ? "soft" : LOOK[signs[i]];
    const past = directions.slice(0, Math.floor(at) + 1).map((frame) => normalised(frame[i]));
    trace(panel, project, [...past, u], `line thin faint ${kind}`);
    const tip = flat(u, 0.2 + 0.8 * size);
    panel.arrow([0, 0], tip, `${kind} ${look(u)}`, state === DEAD ? 1 : 1.2 + 1.4 * size);
    const [x, y0] = panel.place(flat(u));
    if (state === DEAD) {
      panel.draw("path", { class: "line soft", d: `${outline([[x - 4, y0 - 4], [x + 4, y0 + 4]])}${outline([[x - 4, y0 + 4], [x + 4, y0 - 4]])}` });
    } else panel.dot(flat(u), `${state >= 0 ? "ring wine" : `solid ${kind}`} ${look(u)}`, state >= 0 ? 5 : 2.6);
  }

  function draw() {
    const at = time.get();
    const now = between(directions, at).map(normalised);
    const size = between(sizes, at);
    const state = status[Math.round(at)];
    panel.clear();
    drawSphere(state.filter((n) => n >= 0));
    now.forEach((u, i) => drawNeuron(i, at, u, size[i], state[i]));
    const sliding = X.map((_, n) => state.flatMap((where, i) => (where === n ? [i + 1] : [])));
    const kinds = sliding.flatMap((who, n) => (who.length ? [`${who.join(", ")} on the ${d === 2 ? "line" : "plane"} of x${subscript(n + 1)}`] : []));
    const dead = state.filter((n) => n === DEAD).length;
    const places = now.flatMap((u, i) => (state[i] !== DEAD && size[i] > 0.05 ? [`${signs[i] > 0 ? "+" : "−"} at ${d === 2 ? degrees(u) : `(${u.map((v) => text(v)).join(", ")})`}`] : []));
    const when = `At log t = ${moment(between(clock, at))}, `;
    if (shares.length) {
      const share = between(shares, at); // of the cost, what the best network would need
      figure.say(`${when}${share > 0 ? `the network costs ${text(1 / share)} times the least possible.` : "not every example is on its side."}`);
    } else figure.say(
      `${when}${plural(state.length - dead, "neuron")} ${state.length - dead === 1 ? "is" : "are"} alive and ${dead} dead.`,
      kinds.length && `Sliding: ${kinds.join("; ")}.`,
      places.length <= 6 && `The large ones: ${places.join("; ")}.`,
    );
    model.set("frame", at);
  }
  return show([panel], draw);
}

export default { render };
