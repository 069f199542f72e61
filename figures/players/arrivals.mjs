// The race as arithmetic: when a neuron arrives and what it learns, and the least cost with the same sets.

export const TIE = 1e-9;
const norm = (v) => Math.hypot(...v);

/**
 * Neurons with sets S[i] (0 or 1 for each example) on rows of lengths rho: size eps^-sigma, sigma from -1 at the rate
 * of the rows that are not learnt. Returns the stages { time, from, rate, block }, the cost, and whether two tie.
 */
export function race(S, rho) {
  let [sigma, time, left] = [S.map(() => -1), 0, rho.map(() => 1)];
  const stages = [];
  for (let arrivals = 0; arrivals <= rho.length; arrivals++) {
    const open = S.map((set) => set.map((on, k) => on * left[k]));
    const rate = open.map((set) => norm(set.map((on, k) => on * rho[k])));
    if (!rate.some((r) => r > 0)) break;
    const wait = rate.map((r, i) => (r > 0 ? -sigma[i] / r : Infinity));
    const soonest = Math.min(...wait);
    const [winner, ...others] = wait.flatMap((w, i) => (w <= soonest + TIE * (time + soonest) ? [i] : []));
    const block = open[winner];
    if (others.some((i) => open[i].some((on, k) => on !== block[k]))) return { stages, tie: true, cost: null };
    sigma = sigma.map((s, i) => s + rate[i] * soonest);
    time += soonest;
    stages.push({ time, sigma, winner, block });
    left = left.map((on, k) => on * (1 - block[k]));
  }
  const cost = stages.reduce((sum, { block }) => sum + norm(block.map((on, k) => on / rho[k])), 0);
  return { stages, tie: false, cost };
}

/** V = the least cost with these sets: V^2 = min over shares p of sum_k 1 / (rho_k^2 q_k), q_k the share that sees k. */
export function best(S, rho) {
  let p = S.map(() => 1 / S.length);
  const seen = () => rho.map((_, k) => S.reduce((q, set, i) => q + set[k] * p[i], 0));
  for (let step = 0; step < 2000; step++) {
    const q = seen();
    const gain = S.map((set) => norm(set.map((on, k) => on / (rho[k] * q[k]))));
    const total = p.reduce((sum, share, i) => sum + share * gain[i], 0);
    p = p.map((share, i) => (share * gain[i]) / total);
  }
  return norm(seen().map((q, k) => 1 / (rho[k] * Math.sqrt(q))));
}
