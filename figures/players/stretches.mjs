// A small positive neuron while lam = y: its way, in closed form between two kinks, and the bound on the time it takes.

import { along, dot, plus } from "./plane.mjs";

/** Its arcs while lam = y: time, position w, and pull g at the start of each; z_n = y_n x_n, and all z_n'w increase. */
export function stretches(Z, y, start) {
  let [t, w] = [0, start];
  const sees = Z.map((z, n) => y[n] * dot(z, w) > 0);
  const found = [];
  for (let k = 0; k <= Z.length; k++) {
    const g = Z.reduce((sum, z, n) => (sees[n] ? plus(sum, z) : sum), [0, 0]);
    found.push({ t, w, g });
    const [L, r] = [Math.hypot(...g), Math.hypot(...w)];
    if (L === 0) return found;
    const c = dot(w, g) / (L * r);
    const wait = Z.map((z, n) => {
      if (sees[n] === y[n] > 0) return Infinity;
      const q = Math.max(0, (-dot(z, w) * L) / (r * dot(z, g))) + c;
      return Math.log((q + Math.hypot(q, Math.sqrt(Math.max(0, 1 - c * c)))) / (1 + c)) / L;
    });
    const first = Math.min(...wait);
    if (!Number.isFinite(first)) return found;
    w = moved(found.at(-1), first);
    t += first;
    wait.forEach((v, n) => v === first && (sees[n] = y[n] > 0));
  }
  return found;
}

/** Where w is after a time on an arc. */
export function moved({ w, g }, time) {
  const [L, r] = [Math.hypot(...g), Math.hypot(...w)];
  if (L === 0) return w;
  const c = dot(w, g) / (L * r);
  return plus(w, along(g, (r * (Math.sinh(L * time) + c * (Math.cosh(L * time) - 1))) / L));
}

/** The margin mu of the data, and the bound arcosh(1/mu) / X_min; infinite unless mu > 0. */
export function bound(Z) {
  const lengths = Z.map((z) => Math.hypot(...z));
  const mu = Math.min(1, ...Z.flatMap((z, n) => Z.map((other, k) => dot(z, other) / (lengths[n] * lengths[k]))));
  return { mu, time: mu > 0 ? Math.acosh(1 / mu) / Math.min(...lengths) : Infinity };
}
