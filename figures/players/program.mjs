// Small data in the plane, solved here: P* by cutting planes with exact cuts, and the balanced gradient flow.

import { along, arcs, dot, growth, hausdorff, kinks, relu, unit } from "./plane.mjs";

const SHORTEST = 1e-9; // of a step: what an angle can show

/**
 * max b'l subject to A l <= 1, l >= 0, by the simplex method from l = 0 with Bland's rule, which never cycles.
 * Returns { l, mu, value } with mu the multipliers of the rows, or null if the value is unbounded.
 */
export function simplex(A, b) {
  const [K, N] = [A.length, b.length];
  const table = [...A.map((row) => [...row, 1]), [...b.map((v) => -v), 0]];
  const rows = A.map((_, k) => N + k);
  const columns = b.map((_, n) => n);
  for (;;) {
    const entering = columns.map((name, j) => ({ name, j })).filter(({ j }) => table[K][j] < -1e-11).sort((p, q) => p.name - q.name)[0];
    if (!entering) break;
    const j = entering.j;
    let i = -1;
    for (let k = 0; k < K; k++) {
      if (table[k][j] <= 1e-11) continue;
      const [ratio, best] = [table[k][N] / table[k][j], i < 0 ? Infinity : table[i][N] / table[i][j]];
      if (ratio < best - 1e-14 || (ratio <= best + 1e-14 && rows[k] < rows[i])) i = k;
    }
    if (i < 0) return null;
    pivot(table, i, j);
    [rows[i], columns[j]] = [columns[j], rows[i]];
  }
  const l = b.map((_, n) => (rows.includes(n) ? table[rows.indexOf(n)][N] : 0));
  const mu = A.map((_, k) => (columns.includes(N + k) ? table[K][columns.indexOf(N + k)] : 0));
  return { l, mu, value: table[K][N] };
}

function pivot(table, i, j) {
  const p = table[i][j];
  const row = table[i].map((v, c) => (c === j ? 1 / p : v / p));
  table.forEach((other, k) => {
    if (k === i) return;
    const f = other[j];
    table[k] = other.map((v, c) => (c === j ? -f / p : v - f * row[c]));
  });
  table[i] = row;
}

/**
 * P* = max y'lam subject to y_n lam_n >= 0 and d_H(lam) <= 1, for rows in the plane. Each direction u with sign s cuts
 * off lam with s lam'(Xu)_+ > 1; the cuts are the directions at which the current lam violates the constraint on each
 * arc. Returns { value, upper, lam, neurons }: lam scaled to be feasible, so `value` is a lower bound of P*, `upper` the
 * linear program's, which is an upper bound, and the neurons { u, s, mu } that carry it. Null if no network fits.
 */
export function maxMargin(X, y, tolerance = 1e-11) {
  const cuts = [];
  const add = (u, s) => cuts.push({ u, s, row: X.map((x, n) => s * y[n] * relu(dot(x, u))) });
  const start = [...kinks(X, y).map(unit), ...Array.from({ length: 64 }, (_, k) => unit((k * Math.PI) / 32))];
  start.forEach((u) => [1, -1].forEach((s) => add(u, s)));
  for (let round = 0; round < 200; round++) {
    const solved = simplex(cuts.map((cut) => cut.row), X.map(() => 1));
    if (!solved) return null;
    const lam = solved.l.map((l, n) => l * y[n]);
    const { value } = hausdorff(X, lam);
    const active = cuts.flatMap(({ u, s }, k) => (solved.mu[k] > 1e-12 ? [{ u, s, mu: solved.mu[k] }] : []));
    if (value <= 1 + tolerance || round === 199)
      return { value: solved.value / Math.max(1, value), upper: solved.value, lam: lam.map((l) => l / Math.max(1, value)), neurons: active };
    const peaks = arcs(X, lam).filter(({ g }) => dot(g, g) > 0).flatMap(({ g }) => [1, -1].map((s) => along(g, s / Math.hypot(...g))));
    for (const u of peaks) {
      const height = growth(X, lam, u);
      if (Math.abs(height) > 1 + tolerance / 2) add(u, Math.sign(height));
    }
  }
}

/**
 * The balanced flow of the exponential loss in the clock d tau = sum |lam| dt, until the smallest margin is `end`: each
 * direction theta_i climbs s_i lam'(Xu)_+, and log ||w_i|| grows by its value. Midpoint steps that end at a kink when a
 * neuron reaches one. Returns { angles, radii, lam, margins, log_t }, with lam scaled to sum |lam_n| = 1.
 */
export function flow(X, y, { angles, signs, scale, end = 300, longest = 60 }) {
  const stops = kinks(X, y);
  const size = Math.max(...X.map((x) => Math.hypot(...x)));
  let state = placed(angles.map(wrapped), signs.map(() => Math.log(scale)));
  let log_t = -Infinity;
  for (let tau = 0; ; ) {
    const now = look(X, y, signs, state);
    const smallest = Math.min(...now.q);
    if (smallest >= end || tau >= longest)
      return { angles: state.theta, radii: state.log_r.map(Math.exp), lam: now.lam, margins: now.q, log_t };
    const v = velocity(X, now.lam, signs, state);
    // A margin moves by at most 2 |q| |x| dtau, and the weights exp(-q) must not change much in one step.
    const smooth = Math.min(0.02, 0.5 / (size * Math.max(1, ...now.q.map(Math.abs))));
    const h = Math.max(SHORTEST, Math.min(smooth, ...v.turn.map((w, i) => ahead(stops, state.theta[i], w) / Math.abs(w))));
    const half = stepped(stops, state, v, h / 2);
    const middle = look(X, y, signs, half);
    state = landed(state, half, stepped(stops, state, velocity(X, middle.lam, signs, half), h), stops);
    log_t = log_t === -Infinity ? Math.log(h) - middle.log_sum : log_t + Math.log1p(h * Math.exp(-middle.log_sum - log_t));
    tau += h;
  }
}

/** Margins, and the dual variable exp(-q) y divided by its sum of absolute values, whose logarithm is log_sum. */
function look(X, y, signs, { u, log_r }) {
  const weights = log_r.map((v, i) => signs[i] * Math.exp(2 * v));
  const q = X.map((x, n) => y[n] * u.reduce((f, v, i) => f + weights[i] * relu(x[0] * v[0] + x[1] * v[1]), 0));
  const smallest = Math.min(...q);
  const total = q.reduce((sum, v) => sum + Math.exp(smallest - v), 0);
  return { q, lam: q.map((v, n) => (y[n] * Math.exp(smallest - v)) / total), log_sum: Math.log(total) - smallest };
}

/** The slope of lam'(Xu)_+ on the two sides of u: a row orthogonal to u is active on one of them only. */
function slopes(X, lam, u) {
  const slope = [0, 0];
  X.forEach(([a, b], n) => {
    const [height, across] = [a * u[0] + b * u[1], b * u[0] - a * u[1]];
    const orthogonal = Math.abs(height) <= 1e-12 * Math.abs(across);
    if (orthogonal ? across > 0 : height > 0) slope[0] += lam[n] * across;
    if (orthogonal ? across < 0 : height > 0) slope[1] += lam[n] * across;
  });
  return slope;
}

/** The velocities of theta and log_r: at a kink the least of what lies between its two sides, 0 if they disagree. */
function velocity(X, lam, signs, { u }) {
  const turn = u.map((v, i) => {
    const [after, before] = slopes(X, lam, v).map((slope) => signs[i] * slope);
    if (after > 0 && before > 0) return after;
    return before < 0 && after < 0 ? before : 0;
  });
  return { turn, grow: u.map((v, i) => signs[i] * growth(X, lam, v)) };
}

const placed = (theta, log_r) => ({ theta, u: theta.map(unit), log_r });
const wrapped = (angle) => (angle < 0 ? angle + 2 * Math.PI : angle >= 2 * Math.PI ? angle - 2 * Math.PI : angle);

/** How far the next kink is in the direction of motion. */
function ahead(stops, angle, turn) {
  if (turn === 0) return Infinity;
  let nearest = Infinity;
  for (const stop of stops) {
    const gap = wrapped(turn > 0 ? stop - angle : angle - stop);
    if (gap > 0 && gap < nearest) nearest = gap;
  }
  return nearest;
}

/** After a step: a neuron that was on a kink half-way, where it stays, is there, and not where it came from. */
const landed = (before, half, after, stops) =>
  placed(after.theta.map((t, i) => (t === before.theta[i] && half.theta[i] !== t && stops.includes(half.theta[i]) ? half.theta[i] : t)), after.log_r);

/** One step; a neuron that would pass a kink ends on it exactly. */
function stepped(stops, { theta, log_r }, { turn, grow }, h) {
  const moved = theta.map((angle, i) => {
    const gap = ahead(stops, angle, turn[i]);
    if (h * Math.abs(turn[i]) < gap * (1 - 1e-12)) return wrapped(angle + h * turn[i]);
    const goal = wrapped(angle + Math.sign(turn[i]) * gap);
    return stops.reduce((a, b) => (Math.abs(Math.sin((b - goal) / 2)) < Math.abs(Math.sin((a - goal) / 2)) ? b : a));
  });
  return placed(moved, log_r.map((v, i) => v + h * grow[i]));
}
