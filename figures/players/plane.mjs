// The geometry of two dimensions, exactly: growth of a direction, Hausdorff distance, zonotopes, cells, basins.

const TAU = 2 * Math.PI;

export const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
export const unit = (angle) => [Math.cos(angle), Math.sin(angle)];
export const angleOf = (v) => (Math.atan2(v[1], v[0]) + TAU) % TAU;
export const turned = ([a, b]) => [-b, a];
export const along = (v, r) => [r * v[0], r * v[1]];
export const plus = (a, b) => a.map((v, i) => v + b[i]);
export const minus = (a, b) => a.map((v, i) => v - b[i]);
export const relu = (v) => Math.max(v, 0);

/** lam'(Xu)_+ : the rate at which a positive neuron of direction u grows. */
export const growth = (X, lam, u) => X.reduce((sum, x, n) => sum + lam[n] * relu(dot(x, u)), 0);

/** g = sum of lam_n x_n over the rows with x_n'u > 0. */
export const pull = (X, lam, u) =>
  X.reduce((g, x, n) => (dot(x, u) > 0 ? plus(g, along(x, lam[n])) : g), [0, 0]);

/** The angles, increasing, at which some row with lam_n != 0 changes its sign; parallel rows once. */
export function kinks(X, lam) {
  const rows = X.filter((x, n) => lam[n] !== 0 && dot(x, x) > 0);
  const all = rows.flatMap((x) => [angleOf(turned(x)), angleOf(along(turned(x), -1))]).sort((a, b) => a - b);
  return all.filter((t, k) => k === 0 || t - all[k - 1] > 1e-12).filter((t, k, kept) => k === 0 || t - kept[0] < TAU - 1e-12);
}

/** The open arcs between kinks, each with its pull. */
export function arcs(X, lam) {
  const at = kinks(X, lam);
  return at.map((from, k) => {
    const to = k + 1 < at.length ? at[k + 1] : at[0] + TAU;
    return { from, to, g: pull(X, lam, unit((from + to) / 2)) };
  });
}

/**
 * max over unit u of |lam'(Xu)_+|, the Hausdorff distance of Z_+ and Z_-, with its direction and side. On an arc the
 * function is g'u: its maximum is at +-g/|g| or at a kink, and evaluating the function anywhere never exceeds it.
 */
export function hausdorff(X, lam) {
  const pulls = arcs(X, lam).map((arc) => arc.g).filter((g) => dot(g, g) > 0);
  const candidates = [...kinks(X, lam).map(unit), ...pulls.flatMap((g) => [1, -1].map((s) => along(g, s / Math.hypot(...g))))];
  let best = { value: 0, u: [1, 0], s: 1 };
  for (const u of candidates) {
    const value = growth(X, lam, u);
    if (Math.abs(value) > best.value) best = { value: Math.abs(value), u, s: Math.sign(value) };
  }
  return best;
}

/** The corners, counter-clockwise, of the zonotope sum [0, z_n]. */
export function zonotope(Z) {
  const up = Z.filter((z) => dot(z, z) > 0).map((z) => (z[1] < 0 || (z[1] === 0 && z[0] < 0) ? along(z, -1) : z));
  up.sort((a, b) => angleOf(a) - angleOf(b));
  let corner = Z.reduce((sum, z) => (z[1] < 0 || (z[1] === 0 && z[0] < 0) ? plus(sum, z) : sum), [0, 0]);
  const corners = [corner];
  for (const z of [...up, ...up.map((z) => along(z, -1))]) corners.push((corner = plus(corner, z)));
  return corners.slice(0, Math.max(1, corners.length - 1));
}

/** The generators |lam_n| x_n of Z_+ (s = 1) or Z_- (s = -1). */
export const generators = (X, lam, s) => X.flatMap((x, n) => (s * lam[n] > 0 ? [along(x, s * lam[n])] : []));

/** The point of Z_s where its support function at u is attained, and the nearest point of the other zonotope. */
export function farthest(X, lam, { value, u, s }) {
  const end = generators(X, lam, s).reduce((a, z) => (dot(z, u) > 0 ? plus(a, z) : a), [0, 0]);
  return [end, minus(end, along(u, value))];
}

/** Cells of the arrangement {h : x_n'h = 0}: an interior witness of each, by angle, and its pattern. */
export function cells(X) {
  const at = kinks(X, X.map(() => 1));
  const middle = at.length === 0 ? [0] : at.map((t, k) => (t + (k + 1 < at.length ? at[k + 1] : at[0] + TAU)) / 2);
  return middle.map((t, k) => ({ from: at[k] ?? 0, to: at[k + 1] ?? (at[0] ?? 0) + TAU, h: unit(t), pattern: pattern(X, unit(t)) }));
}

export const pattern = (X, h) => X.map((x) => dot(x, h) >= 0);
export const same = (a, b) => a.every((v, i) => v === b[i]);

/** Where a direction that climbs s lam'(Xu)_+ from `angle` ends, and which way it turns; null if nothing pulls it. */
export function climb(X, lam, s, angle) {
  const all = arcs(X, lam);
  if (all.length === 0) return null;
  const from = (angle - all[0].from + TAU) % TAU;
  let k = all.findIndex((arc) => all[0].from + from < arc.to);
  let at = all[0].from + from;
  const slope = (arc, t) => s * dot(arc.g, turned(unit(t)));
  const way = Math.sign(slope(all[k], at));
  if (way === 0) return dot(all[k].g, all[k].g) > 0 ? { end: at % TAU, way: 1 } : null;
  for (let steps = 0; steps <= 2 * all.length; steps++) {
    const arc = all[k];
    const peak = angleOf(along(arc.g, s));
    const ahead = (way * (peak - at) + 2 * TAU) % TAU;
    const end = way > 0 ? arc.to : arc.from;
    // a peak at the very end of an arc is no end yet: the next arc may go on climbing
    if (ahead < way * (end - at) - 1e-9) return { end: peak, way };
    k = (k + way + all.length) % all.length;
    at = way > 0 ? all[k].from : all[k].to;
    if (dot(all[k].g, all[k].g) === 0) return null;
    if (way * slope(all[k], at) <= 1e-12 * (1 + Math.hypot(...all[k].g))) return { end: at % TAU, way };
  }
  return null;
}
