// Lower and upper bound on P* along the flow's clock, and how fast the bracket closes.

import { Panel, moment, outline, show, stage, superscript, text, timeline } from "./kit.mjs";

/** Round numbers for an axis: powers of ten if `log`, otherwise multiples of 1, 2 or 5. */
function ticks(low, high, log) {
  if (log) {
    const [a, b] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
    const every = Math.max(1, Math.ceil((b - a + 1) / 6));
    return Array.from({ length: b - a + 1 }, (_, k) => a + k).filter((v) => (v - a) % every === 0);
  }
  const raw = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((v) => v >= raw);
  return Array.from({ length: 12 }, (_, k) => (Math.ceil(low / step) + k) * step).filter((v) => v <= high + 1e-9 * step);
}

const tickText = (v, log) => (log ? v > 3 || v < -3 ? `10${superscript(v)}` : text(10 ** v, Math.max(0, -v)) : String(Number(v.toPrecision(6))));

/** Axes with direct labels; returns the map from data to pixels. `logs` says which axes are logarithmic. */
function axes(panel, [x0, x1], [y0, y1], logs, names) {
  const [l, r, t, b] = [46, 24, 12, 38];
  const X = (v) => l + ((v - x0) / (x1 - x0)) * (panel.W - l - r);
  const Y = (v) => panel.H - b - ((v - y0) / (y1 - y0)) * (panel.H - t - b);
  const put = (x, y, words, anchor) => panel.draw("text", { x, y, class: "label tiny", "text-anchor": anchor }, words);
  for (const v of ticks(y0, y1, logs[1])) {
    panel.draw("path", { class: "line thin hair", d: outline([[l, Y(v)], [panel.W - r, Y(v)]]) });
    put(l - 7, Y(v) + 4, tickText(v, logs[1]), "end");
  }
  for (const v of ticks(x0, x1, logs[0])) put(X(v), panel.H - b + 17, tickText(v, logs[0]), "middle");
  panel.draw("path", { class: "line thin soft", d: outline([[l, panel.H - b], [panel.W - r, panel.H - b]]) });
  put((l + panel.W - r) / 2, panel.H - 4, names[0], "middle");
  return (x, y) => [X(x), Y(Math.min(y1, Math.max(y0, y)))];
}

const spread = (low, high, share = 0.06) => [low - share * (high - low || 1), high + share * (high - low || 1)];

/** A bound with four digits, rounded down or up. */
const outward = (bound, towards) => {
  const step = 10 ** (Math.max(0, Math.floor(Math.log10(Math.abs(bound) / 1e4))) - 4);
  return text(towards(bound / step) * step, 4);
};

/** What the bracket certifies, in words. */
export function status(lower, upper) {
  if (upper === null || upper === Infinity) return "No upper bound yet: some example is misclassified.";
  const [low, high] = [lower, upper].map((bound) => text(bound, 4));
  const interval = low === high ? `P* is ${low}` : `P* lies in [${outward(lower, Math.floor)}, ${outward(upper, Math.ceil)}]`;
  if (upper >= 2 * lower) return `${interval}: the upper end is ${text(upper / lower, 1)} times the lower one.`;
  return `${interval}: certified to within ${text(100 * (upper / lower - 1), 3)} %.`;
}

function render({ model, el }) {
  const figure = stage(el, "bracket");
  const { log_t: clock, lower, upper, value } = model.get("state");
  const wide = clock.filter((t) => t > 1).length > 1 && clock.at(-1) / Math.max(1, clock[0]) > 50;
  const shown = clock.flatMap((t, k) => (wide && !(t >= 1) ? [] : [k]));
  const x = (k) => (wide ? Math.log10(clock[k]) : clock[k]);
  const xs = [x(shown[0]), x(shown.at(-1))];
  const solved = shown.filter((k) => upper[k] !== null);
  const gap = (k) => Math.max(upper[k] / lower[k] - 1, 1e-16);
  const decades = Math.max(...solved.map(gap)) > 10 * Math.min(...solved.map(gap));
  const bounds = new Panel(figure, { name: "Lower and upper bound", ratio: 0.82, head: "Bounds on P*" });
  const gaps = new Panel(figure, { name: "Upper bound over lower bound, less 1", ratio: 0.82, head: "Upper / lower − 1" });
  const time = timeline(figure, {
    name: "log t", count: shown.length, start: shown.length - 1, show: (at) => moment(clock[shown[Math.round(at)]]), change: draw,
  });

  function cursor(panel, place, k, marks) {
    const [px] = place(x(k), 0);
    panel.draw("path", { class: "line thin dash soft", d: outline([[px, 12], [px, panel.H - 38]]) });
    marks.forEach(([v, look]) => panel.draw("circle", { cx: px, cy: place(x(k), v)[1], r: 4, class: `solid ${look}` }));
  }

  function curve(panel, place, ks, values, look) {
    if (ks.length) panel.draw("path", { class: `line ${look}`, d: outline(ks.map((k) => place(x(k), values(k)))) });
  }

  function drawBounds(k) {
    bounds.clear();
    const last = solved.at(-1) ?? shown.at(-1);
    const low = Math.min(...shown.map((j) => lower[j]));
    const enough = Math.max(2 * (upper[last] ?? 0) - lower[last], 1.25 * lower[last], 2 * lower[last] - low);
    const highest = Math.max(lower[last], ...solved.map((j) => upper[j]));
    const [bottom, top] = spread(low, solved.length ? Math.min(enough, highest) : enough);
    const place = axes(bounds, xs, [bottom, top], [wide, false], ["log t", "P*"]);
    const inside = solved.filter((j, at) => Math.min(upper[j], upper[solved[at + 1]] ?? Infinity) <= top); // and a step before
    const area = [...solved.map((j) => place(x(j), upper[j])), ...[...solved].reverse().map((j) => place(x(j), lower[j]))];
    if (area.length) bounds.draw("path", { class: "area wine", d: outline(area, true) });
    if (value !== null) bounds.draw("path", { class: "line thin dash", d: outline([place(xs[0], value), place(xs[1], value)]) });
    curve(bounds, place, shown, (j) => lower[j], "pos bold");
    curve(bounds, place, inside, (j) => upper[j], "neg bold");
    const name = (at, v, words, look, dx, dy) => {
      const [px, py] = place(x(at), v);
      bounds.draw("text", { x: px + dx, y: py + dy, class: `label strong ${look}` }, words);
    };
    const third = inside[Math.round(inside.length * 0.3)]; // it falls: the name stands over it
    if (inside.length) name(third, upper[third], "upper", "neg", 0, -10);
    const early = shown[Math.round(shown.length * 0.25)];
    const below = place(x(early), lower[early])[1] + 22 < bounds.H - 38; // else the name would lie on the axis
    name(early, lower[early], "lower", "pos", 8, below ? 18 : -8);
    cursor(bounds, place, k, [[lower[k], "pos"], ...(upper[k] === null ? [] : [[upper[k], "neg"]])]);
  }

  function drawGaps(k) {
    gaps.clear();
    if (solved.length === 0) return;
    const height = (j) => (decades ? Math.log10(gap(j)) : gap(j));
    const [low, high] = [Math.min, Math.max].map((end) => end(...solved.map(height)));
    const range = decades ? spread(Math.floor(low), Math.ceil(high), 0.02) : spread(low, high);
    const place = axes(gaps, xs, range, [wide, decades], ["log t", "gap"]);
    curve(gaps, place, solved, height, "wine bold");
    if (upper[k] !== null) cursor(gaps, place, k, [[height(k), "wine"]]);
  }

  function draw() {
    const k = shown[Math.round(time ? time.get() : shown.length - 1)];
    drawBounds(k);
    drawGaps(k);
    figure.say(`At log t = ${moment(clock[k])}:`, status(lower[k], upper[k]));
    model.set("frame", k);
  }
  return show([bounds, gaps], draw);
}

export default { render };
