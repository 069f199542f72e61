// A third checker of certificates, written from the page of the format. Numbers are BigInt and every comparison is
// exact; Number counts lines, bytes, bits and units of work. It asks for nothing but the bytes of a file.

const FORMAT = "two-layer ReLU network, largest margin";
const LIMITS = { line: 2 ** 20, file: 2 ** 28, count: 10n ** 6n, digits: 400, bits: 2 ** 14, work: 2 ** 29, held: 2 ** 30 };
const FINE = 2n ** 64n; // lengths are rounded up to multiples of 1/FINE
const DEEPEST = 500; // lists and objects inside each other, in one line

class Refused extends Error {}
const need = (holds, reason) => {
  if (!holds) throw new Refused(reason);
};

/** The beginning of a text from the file, in printable ASCII. */
function quoted(found) {
  const letters = [...found], some = letters.slice(0, 40);
  const mark = some.includes("'") && !some.includes('"') ? '"' : "'";
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", [mark]: `\\${mark}` };
  const hex = (code) => code.toString(16);
  const shown = some.map((letter) => {
    const code = letter.codePointAt(0);
    if (named[letter]) return named[letter];
    if (code >= 32 && code < 127) return letter;
    return code < 256 ? `\\x${hex(code).padStart(2, "0")}` : code < 65536 ? `\\u${hex(code).padStart(4, "0")}` : `\\U${hex(code).padStart(8, "0")}`;
  });
  return mark + shown.join("") + mark + (letters.length > 40 ? "..." : "");
}

// --- whole numbers ---------------------------------------------------------------------------------

const size = (v) => (v < 0n ? -v : v);
const largest = (numbers) => numbers.reduce((most, v) => (size(v) > most ? size(v) : most), 0n);
const product = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0n);

/** The bits of |v|. */
function bits(v) {
  const hex = size(v).toString(16);
  return 4 * hex.length - Math.clz32(parseInt(hex[0], 16)) + 28;
}

/** The greatest r with r^k <= v, by Newton's steps from above. */
export function root(v, k = 2n) {
  if (v === 0n) return 0n;
  for (let r = 1n << BigInt(Math.ceil(bits(v) / Number(k))); ; ) {
    const next = ((k - 1n) * r + v / r ** (k - 1n)) / k;
    if (next >= r) return r;
    r = next;
  }
}

function gcd(a, b) {
  while (b) [a, b] = [b, a % b];
  return size(a);
}

/** A rational number n / d in lowest terms, d > 0. */
function rational(n, d) {
  const common = gcd(n, d);
  return common === 1n ? { n, d } : { n: n / common, d: d / common };
}
const times = (a, b) => rational(a.n * b.n, a.d * b.d);
const plus = (a, b) => rational(a.n * b.d + b.n * a.d, a.d * b.d);
const atMost = (a, b) => a.n * b.d <= b.n * a.d;
const ZERO = { n: 0n, d: 1n }, ONE = { n: 1n, d: 1n };

// --- the digest ------------------------------------------------------------------------------------

const primes = [];
for (let p = 2; primes.length < 64; p++) if (primes.every((q) => p % q)) primes.push(p);
/** The first 32 bits behind the point of the k-th root of p: the constants of SHA-256. */
const behind = (p, k) => Number(root(BigInt(p) << (32n * k), k) & 0xffffffffn);
const CUBES = primes.map((p) => behind(p, 3n));
const SQUARES = primes.slice(0, 8).map((p) => behind(p, 2n));

/** SHA-256 in hexadecimal digits (FIPS 180-4), also where the browser has no crypto.subtle. */
export function sha256(bytes) {
  const whole = bytes.length - (bytes.length % 64);
  const last = new Uint8Array(bytes.length % 64 < 56 ? 64 : 128);
  last.set(bytes.subarray(whole));
  last[bytes.length % 64] = 128;
  new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(bytes.length) * 8n);
  const state = [...SQUARES], w = new Int32Array(64);
  for (let at = 0; at < whole; at += 64) compress(state, bytes, at, w);
  for (let at = 0; at < last.length; at += 64) compress(state, last, at, w);
  return state.map((v) => (v >>> 0).toString(16).padStart(8, "0")).join("");
}

function compress(state, bytes, at, w) {
  const turn = (v, k) => (v >>> k) | (v << (32 - k));
  for (let i = 0; i < 16; i++, at += 4) w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  for (let i = 16; i < 64; i++) {
    const [early, late] = [w[i - 15], w[i - 2]];
    w[i] = w[i - 16] + (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) + w[i - 7] + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + CUBES[i] + w[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((v, i) => (state[i] = (state[i] + v) | 0));
}

// --- lines -----------------------------------------------------------------------------------------

const NUMERAL = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|-?Infinity|NaN/y;
const ESCAPES = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", "/": "/" };
const CONSTANTS = { true: true, false: false, null: null };

/** JSON whose numbers are whole (BigInt) and whose objects are Maps without a key twice. */
function parsed(source) {
  let at = 0;
  const json = (holds) => need(holds, `the line is not JSON (at character ${at + 1})`);
  const skip = () => {
    while (source[at] && " \t\n\r".includes(source[at])) at += 1;
    return source[at];
  };
  const passes = (letter) => skip() === letter && ((at += 1), true);

  function string() {
    let read = "";
    for (at += 1; source[at] !== '"'; ) {
      json(source[at] >= " "); // no control character, and no end of the text
      if (source[at] !== "\\") read += source[at++];
      else if (source[at + 1] === "u") {
        const code = source.slice(at + 2, at + 6);
        json(/^[0-9a-fA-F]{4}$/.test(code));
        read += String.fromCharCode(parseInt(code, 16));
        at += 6;
      } else {
        json(Object.hasOwn(ESCAPES, source[at + 1] ?? ""));
        read += ESCAPES[source[at + 1]];
        at += 2;
      }
    }
    at += 1;
    return read;
  }

  function number() {
    NUMERAL.lastIndex = at;
    const found = NUMERAL.exec(source);
    json(found);
    const whole = !found[1] && !found[2] && /[0-9]$/.test(found[0]);
    need(whole, `${quoted(found[0])} is a number of floating point; numbers that are not counts are strings of digits`);
    json(found[0].replace("-", "").length <= 4300);
    at += found[0].length;
    return BigInt(found[0]);
  }

  function object(depth) {
    const pairs = [];
    at += 1;
    if (!passes("}"))
      do {
        json(skip() === '"');
        const key = string();
        json(passes(":"));
        pairs.push([key, value(depth)]);
      } while (passes(",") || (json(passes("}")), false));
    const record = new Map(pairs);
    need(record.size === pairs.length, "a key stands twice in one line");
    return record;
  }

  function list(depth) {
    const items = [];
    at += 1;
    if (!passes("]"))
      do items.push(value(depth));
      while (passes(",") || (json(passes("]")), false));
    return items;
  }

  function value(depth) {
    json(depth < DEEPEST);
    const letter = skip();
    if (letter === '"') return string();
    if (letter === "{") return object(depth + 1);
    if (letter === "[") return list(depth + 1);
    const word = Object.keys(CONSTANTS).find((name) => source.startsWith(name, at));
    if (!word) return number();
    at += word.length;
    return CONSTANTS[word];
  }

  const read = value(0);
  json(skip() === undefined);
  return read;
}

const KINDS = { integer: (v) => typeof v === "bigint", string: (v) => typeof v === "string" };

/** The lines of a file one after the other, and what they may cost together. */
class Lines {
  constructor(bytes, work) {
    Object.assign(this, { bytes, most: work, next: 0, number: 0, work: 0, held: 0, parts: [] });
  }

  /** So many products of a p-bit with a q-bit integer, each of which counts 1 + pq/2^14. */
  spend(products, p = 1, q = 1) {
    this.work += products + Math.floor((products * p * q) / 2 ** 14);
    need(this.work <= this.most, `the arithmetic asks for more than ${this.most} units of work`);
  }

  /** So many integers more of so many bits, each of which counts 256 bits more. */
  hold(count, wide) {
    this.held += count * (wide + 256);
    need(this.held <= LIMITS.held, `the numbers need more than ${LIMITS.held} bits`);
  }

  /** The values of the next line, of the given part of the file: exactly these keys, with values of these kinds. */
  take(part, due) {
    const names = Object.keys(due).join(", ");
    if (this.parts.at(-1)?.part !== part) this.parts.push({ part, passed: 0 });
    this.number += 1;
    this.begin = this.next;
    need(this.begin < this.bytes.length, `the file ends where a line with ${names} is due`);
    const newline = this.bytes.indexOf(10, this.begin);
    this.next = newline < 0 ? this.bytes.length : newline + 1;
    need(this.next - this.begin <= LIMITS.line, `the line is longer than ${LIMITS.line} bytes`);
    need(this.next <= LIMITS.file, `the file is longer than ${LIMITS.file} bytes`);
    const line = this.bytes.subarray(this.begin, this.next);
    const whole = newline >= 0 && line.length > 2 && line[0] === 123 && line.at(-2) === 125;
    need(whole, "the line is not one JSON object from its first byte to the newline that ends it");
    const record = parsed(decoded(line));
    const found = [...record.keys()].slice(0, 8).map(quoted).join(", ") + (record.size > 8 ? ", ..." : "");
    const fits = record.size === Object.keys(due).length && Object.keys(due).every((key) => record.has(key));
    need(fits, `the keys are ${found}; due are ${names}`);
    for (const [key, kind] of Object.entries(due))
      need(KINDS[kind](record.get(key)), `${key} must be ${kind === "string" ? "a string" : "an integer"}`);
    this.spend(256);
    return Object.keys(due).map((key) => record.get(key));
  }

  /** The line that was taken holds. */
  pass() {
    this.parts.at(-1).passed += 1;
  }
}

function decoded(line) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new Refused("the line is not JSON (its bytes are not UTF-8)");
  }
}

// --- numbers in strings ----------------------------------------------------------------------------

const NUMBER = /^-?[0-9]+(\.[0-9]+)?(e-?[0-9]{1,3})?$|^-?[0-9]+\/[1-9][0-9]*$/;
const words = (string) => (string === "" ? [] : string.split(" "));

function numberIn(word, name) {
  need([...word].length <= LIMITS.digits, `${name} has a number of more than ${LIMITS.digits} characters`);
  need(NUMBER.test(word), `${name}: ${quoted(word)} is neither a decimal nor a fraction p/q`);
  const [above, below] = word.split("/");
  if (below) return rational(BigInt(above), BigInt(below));
  const [mantissa, exponent = "0"] = word.split("e");
  const [whole, rest = ""] = mantissa.split(".");
  const shift = Number(exponent) - rest.length;
  const digits = BigInt(whole + rest);
  return shift < 0 ? rational(digits, 10n ** BigInt(-shift)) : { n: digits * 10n ** BigInt(shift), d: 1n };
}

function vectorIn(string, length, name, lines) {
  lines.spend(32 * length);
  const found = words(string);
  need(found.length === length, `${name} has ${found.length} numbers; due are ${length}`);
  return found.map((word) => numberIn(word, name));
}

/** The integers of rows of rational numbers over one denominator. */
function overOne(rows, lines) {
  const all = rows.flat();
  let unit = 1n;
  for (const { d } of all) {
    if (unit % d === 0n) continue;
    unit *= d / gcd(unit, d);
    lines.spend(1, bits(unit), bits(unit));
    need(bits(unit) <= LIMITS.bits, `a common denominator needs more than ${LIMITS.bits} bits`);
  }
  const wide = bits(largest(all.map(({ n }) => n)));
  lines.spend(all.length, bits(unit), wide + bits(unit));
  lines.hold(all.length, bits(unit) + wide);
  return { rows: rows.map((row) => row.map(({ n, d }) => n * (unit / d))), unit };
}

const keep = (row, lines) => row.forEach(({ n, d }) => lines.hold(2, bits(n) + bits(d)));

/** The square root of `square`, times FINE, rounded up. */
function rootUp(square, lines) {
  const scaled = square * FINE ** 2n, half = (bits(scaled) >> 1) + 1;
  lines.spend(16, half, half);
  const below = root(scaled);
  return below * below < scaled ? below + 1n : below;
}

// --- what each line must say -----------------------------------------------------------------------

function readHeader(lines) {
  const due = { certificate: "string", version: "integer", examples: "integer", features: "integer", neurons: "integer", lower: "string", upper: "string" };
  const [form, version, N, d, m, low, high] = lines.take("claim", due);
  need(form === FORMAT, `certificate must be '${FORMAT}'`);
  need(version === 1n, "the version must be 1");
  for (const [name, found, least] of [["examples", N, 1n], ["features", d, 1n], ["neurons", m, 0n]])
    need(found >= least && found <= LIMITS.count, `${name} must be between ${least} and ${LIMITS.count}`);
  const [lower, upper] = [numberIn(low, "lower"), numberIn(high, "upper")];
  lines.pass();
  return { N: Number(N), d: Number(d), m: Number(m), low, high, lower, upper };
}

/** The signs s_i and the vectors w_i over one denominator; sum |w_i| is at most `upper`. */
function readNetwork(lines, { m, d, upper }) {
  const [signs, found] = [[], []];
  for (let i = 0; i < m; i++) {
    if (i) lines.pass(); // the last one waits until the cost is known
    const [index, sign, w] = lines.take("neurons", { neuron: "integer", sign: "integer", w: "string" });
    need(index === BigInt(i), `neuron ${i} is due`);
    need(sign === 1n || sign === -1n, "sign must be 1 or -1");
    signs.push(sign);
    found.push(vectorIn(w, d, "w", lines));
    keep(found[i], lines);
  }
  const { rows, unit } = overOne(found, lines);
  let cost = 0n;
  for (const w of rows) {
    const wide = bits(largest(w)) + 64;
    lines.spend(d, wide, wide);
    cost += rootUp(product(w, w), lines);
  }
  need(atMost({ n: cost, d: unit * FINE }, upper), "the cost of the network exceeds upper");
  if (m) lines.pass();
  return { signs, W: rows, unit, wide: bits(largest(rows.flat())) };
}

/** y f(x) >= 1. */
function hasMargin(network, x, y, lines) {
  const { held } = lines;
  const { rows: [row], unit } = overOne([x], lines);
  lines.held = held;
  lines.spend(network.W.length * (row.length + 8), bits(largest(row)), network.wide);
  let f = 0n;
  network.W.forEach((w, i) => {
    const z = product(row, w);
    if (z > 0n) f += network.signs[i] * z;
  });
  return y * f >= unit * network.unit;
}

/** The examples with lam_n != 0, as { y, g } with g = |lam_n| x_n; sum |lam_n| is at least `lower`. */
function readExamples(lines, { N, d, lower }, network) {
  const support = new Map();
  let total = ZERO;
  for (let n = 0; n < N; n++) {
    if (n) lines.pass();
    const [index, y, x, lam] = lines.take("examples", { example: "integer", y: "integer", x: "string", lam: "string" });
    need(index === BigInt(n), `example ${n} is due`);
    need(y === 1n || y === -1n, "y must be 1 or -1");
    const row = vectorIn(x, d, "x", lines), weight = times({ n: y, d: 1n }, numberIn(lam, "lam"));
    need(weight.n >= 0n, "lam has not the sign of y");
    need(hasMargin(network, row, y, lines), "the margin of the network is less than 1");
    total = plus(total, weight);
    lines.spend(1, bits(total.d), bits(total.n));
    need(bits(total.d) <= LIMITS.bits, `the sum of all lam needs more than ${LIMITS.bits} bits`);
    if (weight.n === 0n) continue;
    support.set(n, { y, g: row.map((v) => times(weight, v)) });
    keep(support.get(n).g, lines);
  }
  need(atMost(lower, total), "lower exceeds the sum of all |lam|");
  lines.pass();
  return support;
}

/** The numbers of examples on a line of a side: each of `due` once. */
function listed(string, due, name) {
  const found = words(string);
  need(found.every((word) => /^(0|[1-9][0-9]{0,6})$/.test(word)), `${name} must be the numbers of examples, without zeros before them`);
  const rows = found.map(Number), those = new Set(rows);
  need(rows.length === due.length && due.every((n) => those.has(n)), `${name} must list its ${due.length} examples, each once`);
  return rows;
}

/**
 * The rows g_n = own[n] / unit and opposite[n] / unit. With signs for the first k own rows, the others leave
 * halves[k] / (2 unit), half their sum, and at most radius[k] / (2 unit FINE), half the root of sum |g_n'g_m|.
 */
function readSide(lines, sign, d, support) {
  const [side, own, opposite] = lines.take(`side ${sign}`, { side: "integer", own: "string", opposite: "string" });
  need(side === sign, `side ${sign} is due`);
  const those = (y) => [...support].filter(([, row]) => row.y === y).map(([n]) => n);
  const first = listed(own, those(sign), "own"), second = listed(opposite, those(-sign), "opposite");
  const { rows, unit } = overOne([...first, ...second].map((n) => support.get(n).g), lines);
  const k = first.length, wide = bits(largest(rows.flat())) + bits(BigInt(k));
  lines.hold(k * d, wide);
  const halves = [Array(d).fill(0n)], radius = [0n];
  let square = 0n;
  for (let n = k - 1; n >= 0; n--) {
    lines.spend((k - n) * (d + 8), wide, wide);
    halves.unshift(halves[0].map((v, i) => v + rows[n][i]));
    square += product(rows[n], rows[n]);
    for (let other = n + 1; other < k; other++) square += 2n * size(product(rows[n], rows[other]));
    radius.unshift(rootUp(square, lines));
  }
  lines.pass();
  return { own: rows.slice(0, k), opposite: rows.slice(k), unit, halves, radius, wide };
}

/** |v| + r <= 1 for v = sum t_i g_i + sum_rest g_i / 2 - sum c_i g_i, multiplied by 2 unit FINE and the denominator of t, c. */
function settles(side, t, c, lines) {
  const { held } = lines, d = side.halves[0].length;
  const { rows: [coefficients], unit } = overOne([[...t, ...c.map((v) => ({ n: -v.n, d: v.d }))]], lines);
  lines.held = held;
  const wide = bits(largest([...coefficients, unit])), both = wide + side.wide + 64;
  lines.spend((coefficients.filter(Boolean).length + 1) * (d + 8), wide, side.wide);
  lines.spend(d + 8, both, both);
  const v = side.halves[t.length].map((half) => unit * half);
  [...side.own.slice(0, t.length), ...side.opposite].forEach((g, i) => {
    if (coefficients[i]) for (let j = 0; j < d; j++) v[j] += 2n * coefficients[i] * g[j];
  });
  const room = unit * (2n * side.unit * FINE - side.radius[t.length]);
  return room >= 0n && product(v, v) * FINE ** 2n <= room ** 2n;
}

/** The cones of one side, leaf by leaf: `due` are the signs with which the next one begins, all others of it are +. */
function readCones(lines, sign, side) {
  let count = 0;
  for (let due = ""; due !== null; count++) {
    const [cone, own, opposite] = lines.take(`side ${sign}`, { cone: "string", own: "string", opposite: "string" });
    const goesOn = cone.startsWith(due) && /^\+*$/.test(cone.slice(due.length));
    need(goesOn, `cone ${quoted(cone)} does not continue ${quoted(due)} by signs +`);
    need(cone.length <= side.own.length, `cone has ${cone.length} signs; there are ${side.own.length} own rows`);
    const t = vectorIn(own, cone.length, "own", lines), c = vectorIn(opposite, side.opposite.length, "opposite", lines);
    const signed = t.every((v, i) => (cone[i] === "+" ? atMost(ONE, v) : v.n <= 0n));
    need(signed, "own must be >= 1 where the sign is + and <= 0 where it is -");
    need(c.every((v) => v.n >= 0n && atMost(v, ONE)), "opposite must be between 0 and 1");
    need(settles(side, t, c, lines), "the bound |v| + r <= 1 of the cone fails");
    const left = cone.replace(/-*$/, ""); // the last + of the cone becomes the next one's -
    due = left ? `${left.slice(0, -1)}-` : null;
    lines.pass();
  }
  return count;
}

function readAll(lines) {
  const header = readHeader(lines);
  const network = readNetwork(lines, header);
  const support = readExamples(lines, header, network);
  let cones = 0;
  for (const sign of [1n, -1n]) cones += readCones(lines, sign, readSide(lines, sign, header.d, support));
  const [end, digest] = lines.take("end", { end: "integer", sha256: "string" });
  const right = end === BigInt(lines.number) && digest === sha256(lines.bytes.subarray(0, lines.begin));
  need(right, "the digest differs: a line was changed after it was written");
  need(lines.next === lines.bytes.length, "something follows the last line");
  lines.pass();
  return { ...header, cones };
}

function newlines(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

/**
 * The verdict on the bytes of a file. `parts` are the parts of the file in order, with the number of lines that passed,
 * of `total`; where a file is refused, `line` is the first that fails, and `reason` says why. No bytes make it throw.
 */
export function checked(bytes, work = LIMITS.work) {
  const lines = new Lines(bytes, work), { parts } = lines, total = newlines(bytes);
  try {
    const { N, d, low, high, cones } = readAll(lines);
    const theorem = `${low} <= P* <= ${high} is proved, for ${N} examples in ${d} dimensions and any number of neurons`;
    return { accepted: true, line: null, reason: `${theorem} (${cones} cones)`, low, high, parts, total };
  } catch (found) {
    if (!(found instanceof Refused)) throw found;
    return { accepted: false, line: lines.number, reason: found.message, low: null, high: null, parts, total };
  }
}

/** The bytes with a last line that belongs to the lines before it, in the place of the last line if that is an end. */
export function sealed(bytes) {
  const last = bytes.subarray(bytes.lastIndexOf(10, bytes.length - 2) + 1);
  const ended = [...'{"end"'].every((letter, i) => last[i] === letter.charCodeAt(0));
  const kept = bytes.subarray(0, bytes.length - (ended ? last.length : 0));
  const body = joined(kept, kept.length && kept.at(-1) !== 10 ? [10] : []);
  return joined(body, new TextEncoder().encode(`{"end": ${newlines(body) + 1}, "sha256": "${sha256(body)}"}\n`));
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
