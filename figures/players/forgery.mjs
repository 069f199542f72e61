// Break the certificate: a file whose digits the reader changes, checked in exact integers by a worker.

import { Panel, button, element, outline, plural, show, stage } from "./kit.mjs";
import { game } from "./game.mjs";

const LONGEST = 2 ** 18; // bytes that can be edited in a page
const MOST_BYTES = 2 ** 28; // the format's: what is longer is not even read
const ON_PAGE = 2 ** 20; // units of work, where no worker can be had: a fraction of a second
const TRIALS = 60;
const KINDS = { lower: "claim", upper: "claim", w: "neuron", x: "data", lam: "multiplier", own: "cone", opposite: "cone" };
const ALL = [...new Set(Object.values(KINDS))];
const NOW = {
  neuron: "another network proves the same upper bound",
  data: "it is a theorem about other data, so compare the data in a file with your own",
  multiplier: "other multipliers prove the same lower bound",
  cone: "the cone has another bound, still at most 1",
};

/** A question to the checker `m`: the verdict on some bytes, and the bytes as they are once their digest is put right. */
function asked(m, { bytes, seal, work }) {
  const read = seal ? m.sealed(bytes) : bytes;
  return { bytes: read, verdict: m.checked(read, work) };
}

/** Answers away from the page's own thread; a new question ends the one before. Without workers, on it, within less work. */
export function background(source) {
  const address = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const inside = `${source.replace(/^export /gm, "")}\n${asked}\nonmessage = ({ data }) => postMessage(asked({ checked, sealed }, data));`;
  let [worker, busy, alone, module] = [null, false, typeof Worker === "undefined", null];
  const here = async (question) => asked(await (module ??= import(address(source))), { ...question, work: ON_PAGE });
  return (question) => new Promise((resolve, reject) => {
    const fall = () => ((worker = null), (alone = true), here(question).then(resolve, reject));
    if (alone) return fall();
    if (busy) worker = worker.terminate() ?? null;
    try { worker ??= new Worker(address(inside)); } catch { return fall(); }
    busy = true;
    worker.onmessage = ({ data }) => ((busy = false), resolve(data));
    worker.onerror = (event) => (event.preventDefault(), fall());
    worker.postMessage(question);
  });
}

/** The number of which the digit at `at` is one: its kind, its digits up to that one, and how long it is. */
function numberAt(content, at) {
  const start = content.lastIndexOf("\n", at - 1) + 1;
  const before = content.slice(start, at + 1), [after] = content.slice(at + 1, at + 500).match(/^[^" \n]*/);
  const key = before.match(/.*"(\w+)"\s*:\s*"[^"]*$/)?.[1];
  const [digits] = before.match(/[^" ]*$/);
  return { at, kind: KINDS[key], digits, long: digits.length + after.length };
}

const lineOf = (content, at) => content.slice(0, at).split("\n").length;

/** Where two texts differ, if one digit stands for another and no more, but for the last line: else null. */
export function oneDigit(before, after) {
  const body = before.slice(0, before.lastIndexOf("\n", before.length - 2) + 1);
  let at = 0;
  while (at < body.length && body[at] === after[at]) at += 1;
  const digits = at < body.length && /^\d\d$/.test(body[at] + after[at]);
  if (!digits || !after.startsWith(body.slice(at + 1), at + 1)) return null;
  return { ...numberAt(before, at), line: lineOf(before, at) };
}

/** The last digits of the numbers of one kind, long numbers first: there is room where digits are many. */
function candidates(content, kind) {
  const ends = [...content.matchAll(/\d(?=[" ])/g)].map(({ index }) => numberAt(content, index));
  return ends.filter((end) => end.kind === kind).sort((a, b) => b.long - a.long);
}

function render({ model, el }) {
  const figure = stage(el, "break the certificate");
  const { certificate, source } = model.get("state");
  const [check, search] = [background(source), background(source)];
  const strip = new Panel(figure, { name: "The lines of the file; a click goes to a line", widest: 720, ratio: 0.1, head: "The file, line by line" });
  const area = element("textarea", { rows: 11, wrap: "off", spellcheck: "false", autocomplete: "off", "aria-label": "The certificate" });
  const numbers = element("div", { class: "numbers", "aria-hidden": "true" });
  const [stripe, trace] = [element("div", { class: "stripe neg" }), element("div", { class: "stripe wine" })];
  const digit = element("div", { class: "digit" });
  figure.panels.after(element("div", { class: "sheet" }, stripe, trace, digit, element("div", { class: "gutter" }, numbers), area));
  const answers = element("dl", { class: "answer" });
  el.append(answers);
  let [loaded, begun, verdict, bytes, sealing, last, notice, room, total, kept] = [certificate, null, null, null, false, 0, "", null, 1, null];

  /** Where the digit stands that the buttons change: at the cursor, or the first one after it. */
  const digitAt = () => area.selectionStart + Math.max(area.value.slice(area.selectionStart).search(/\d/), 0);
  const change = (step) => {
    const at = digitAt();
    if (area.readOnly || !/\d/.test(area.value[at])) return;
    area.setRangeText(String((Number(area.value[at]) + step + 10) % 10), at, at + 1, "select");
    reveal(at);
    ask();
  };
  button(figure, "Raise the digit", () => change(1));
  button(figure, "Lower the digit", () => change(-1));
  const keep = button(figure, "Keep the digest right", () => ((sealing = !sealing), ask()));
  const jump = button(figure, "Go to the line that fails", () => (go(verdict.line), area.focus({ preventScroll: true })));
  const ours = new TextEncoder().encode(certificate);
  button(figure, "Restore the file", () => load(area.value === loaded ? ours : kept)); // a second time, the page's own
  const chosen = element("input", { type: "file", "aria-label": "A certificate of your own", hidden: "" });
  chosen.addEventListener("change", () => chosen.files[0] && open(chosen.files[0]));
  figure.controls.append(chosen);
  button(figure, "Open a file", () => chosen.click());
  const play = game(figure, {
    name: `forgery ${certificate.slice(-70)}`,
    goal: `change one digit and still be accepted, once in each kind of number: ${ALL.join(", ")}.`,
    better: (a, b) => a.length > b.length,
    show: (kinds) => `${kinds.length} of ${ALL.length}`,
    answer: (shown) => (shown ? explain() : draw()),
  });

  /** Put the bytes of a file in the sheet. What a page cannot edit as it is, is checked all the same. */
  function load(file) {
    [bytes, kept] = [file, file];
    loaded = new TextDecoder().decode(file.subarray(0, LONGEST));
    area.value = loaded;
    const plain = new TextEncoder().encode(area.value);
    area.readOnly = file.length > LONGEST || plain.length !== file.length || file.some((byte, i) => byte !== plain[i]);
    [begun, notice] = [null, area.readOnly ? "It cannot be edited here: too long, or no plain text." : ""];
    const first = loaded.search(/\d",? "upper/);
    area.setSelectionRange(Math.max(first, 0), Math.max(first, 0) + (first >= 0));
    area.scrollTo(0, 0);
    return ask();
  }

  async function open(file) {
    chosen.value = "";
    if (file.size > MOST_BYTES) return (notice = `The file is longer than ${MOST_BYTES} bytes.`), draw();
    sealing = false;
    load(new Uint8Array(await file.arrayBuffer()));
  }

  async function ask() {
    const id = (last += 1);
    if (!area.readOnly) bytes = new TextEncoder().encode(area.value);
    keep.setAttribute("aria-pressed", String(sealing));
    verdict = null;
    model.set("game", { verdict });
    setTimeout(() => id === last && verdict === null && draw(), 300);
    const found = await check({ bytes, seal: sealing && !area.readOnly }).catch(() => null);
    if (id !== last) return;
    if (found === null) notice = "The checker could not be run here.";
    verdict = found?.verdict ?? { accepted: false, line: null, parts: [], total: 1 };
    begun ??= verdict;
    if (found && sealing && !area.readOnly) write(new TextDecoder().decode(found.bytes));
    draw();
  }

  /** Another end of the text, with the cursor where it was. */
  function write(ended) {
    let from = 0;
    while (from < ended.length && ended[from] === area.value[from]) from += 1;
    area.setRangeText(ended.slice(from), from, area.value.length, "preserve");
  }

  /** For each kind of number a digit that may be another. */
  async function explain() {
    if (room) return draw();
    room = [];
    for (const kind of ALL) {
      room.push("looking ...");
      draw();
      room[room.length - 1] = (await found(kind)) ?? "none found";
    }
    draw();
  }

  async function found(kind) {
    for (const { at, digits } of candidates(certificate, kind).slice(0, TRIALS))
      for (const step of [9, 1]) {
        const next = (Number(certificate[at]) + step) % 10;
        const tried = new TextEncoder().encode(certificate.slice(0, at) + next + certificate.slice(at + 1));
        const { verdict: other } = await search({ bytes: tried, seal: true });
        if (other.accepted) return `line ${lineOf(certificate, at)}: ${digits} with the last digit ${next}`;
      }
    return null;
  }

  function go(line) {
    const at = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1);
    area.setSelectionRange(at, at);
    reveal(at);
  }

  /** Scroll the sheet, and nothing else, until a character is in sight. */
  function reveal(at) {
    const { left, top } = place(at), [wide, tall] = [area.clientWidth, area.clientHeight];
    if (left < 0 || left + letter() > wide) area.scrollLeft = Math.max(0, area.scrollLeft + left - 0.6 * wide);
    if (top < 0 || top + height() > tall) area.scrollTop += top - 0.3 * tall;
  }

  // --- drawing ---

  const height = () => parseFloat(getComputedStyle(area).lineHeight);
  const inset = (side) => parseFloat(getComputedStyle(area)[`padding${side}`]);
  const pen = document.createElement("canvas").getContext("2d");
  const letter = () => ((pen.font = getComputedStyle(area).font), pen.measureText("0".repeat(100)).width / 100);

  /** Where in the sheet a character stands, in pixels from its corner. */
  function place(at) {
    const column = at - area.value.lastIndexOf("\n", at - 1) - 1;
    return {
      left: inset("Left") + column * letter() - area.scrollLeft,
      top: inset("Top") + (lineOf(area.value, at) - 1) * height() - area.scrollTop,
    };
  }

  /** The numbers of the lines in sight, the lines that are lit, and the digit that the buttons change. */
  function mark(changed) {
    const [tall, top] = [height(), inset("Top") - area.scrollTop];
    const spot = place(digitAt());
    digit.hidden = area.readOnly || spot.left < 0 || spot.left + letter() > area.clientWidth;
    Object.assign(digit.style, { left: `${area.offsetLeft + spot.left}px`, top: `${spot.top}px`, height: `${tall}px`, width: `${letter()}px` });
    const first = Math.floor(area.scrollTop / tall);
    const count = Math.min(Math.ceil(area.clientHeight / tall) + 1, area.value.split("\n").length - first - area.value.endsWith("\n"));
    numbers.textContent = Array.from({ length: Math.max(count, 0) }, (_, k) => first + k + 1).join("\n");
    numbers.style.top = `${top + first * tall}px`;
    for (const [light, line] of [[stripe, verdict?.line], [trace, changed?.line]]) {
      light.hidden = !line;
      Object.assign(light.style, { top: `${top + ((line ?? 1) - 1) * tall}px`, height: `${tall}px` });
    }
  }

  /** The parts of the file as far as they were read, the line that fails, and what stands in the sheet. */
  function drawStrip(changed) {
    strip.clear();
    strip.tall(66);
    total = Math.max(verdict?.total ?? total, verdict?.line ?? 1);
    const across = (lines) => 1 + (lines / total) * (strip.W - 2);
    const [top, tall] = [22, 22];
    const bar = (from, to, look) => strip.draw("rect", { x: across(from), y: top, width: Math.max(across(to) - across(from), 1), height: tall, class: look });
    const tick = (line, look, words, y) => {
      strip.draw("path", { class: `line bold ${look}`, d: outline([[across(line - 0.5), top - 5], [across(line - 0.5), top + tall + 5]]) });
      const end = across(line) > strip.W / 2;
      strip.draw("text", { x: across(line - 0.5) + (end ? -5 : 5), y, class: `label tiny ${look}`, "text-anchor": end ? "end" : "start" }, words);
    };
    bar(0, total, "area soft");
    let from = 0;
    (verdict?.parts ?? []).forEach(({ part, passed }, k) => {
      bar(from, from + passed, `area pos ${k % 2 ? "" : "lit"}`);
      if (across(from + passed) - across(from) > 64)
        strip.draw("text", { x: across(from + passed / 2), y: top + 15, class: "label tiny inside", "text-anchor": "middle" }, part.replace("-", "−"));
      from += passed;
    });
    if (changed) tick(changed.line, "wine", "changed", top - 9);
    if (verdict?.line) tick(verdict.line, "neg", `line ${verdict.line}`, top + tall + 17);
    const [first, seen] = [area.scrollTop / height(), area.clientHeight / height()];
    strip.draw("rect", { x: across(first), y: top - 2, width: Math.max(across(Math.min(first + seen, total)) - across(first), 3), height: tall + 4, class: "line thin" });
  }

  function said(changed) {
    if (verdict === null) return ["Checking ..."];
    const { accepted, line, reason, low, high } = verdict;
    const claim = `${low} ≤ P* ≤ ${high}`;
    if (!accepted && line === null) return [];
    if (!accepted) return [`Line ${line} fails: ${reason}.`, /digest/.test(reason) && begun?.accepted && "Anybody can compute another one: press Keep the digest right."];
    if (area.value === loaded) return [`All lines pass: ${claim} is proved, for the data in the file.`];
    if (!changed) return [`The file has changed, and all its lines pass: ${claim} is proved, for the data that now stand in it.`];
    return [`One digit of line ${changed.line} is another one, and all lines pass: ${NOW[changed.kind] ?? `it now claims ${claim}, and proves it`}.`];
  }

  function draw() {
    const changed = begun && area.value !== loaded ? oneDigit(loaded, area.value) : null;
    if (verdict?.accepted && changed?.kind && loaded === certificate) {
      const kinds = ALL.filter((kind) => kind === changed.kind || play.best?.includes(kind));
      play.score(kinds);
    }
    jump.disabled = !verdict?.line;
    keep.disabled = area.readOnly;
    drawStrip(changed);
    mark(changed);
    const left = ALL.filter((kind) => !play.best?.includes(kind)), won = left.length === 0;
    const shown = play.answered && room ? room : [];
    answers.replaceChildren(...shown.flatMap((where, k) => [element("dt", {}, ALL[k]), element("dd", {}, where)]));
    figure.say(...said(changed), notice, won ? "There was room in every kind of number." : changed && left.length < ALL.length && `Still to be found: ${left.join(", ")}.`, shown.length && "None of these is a forgery: what is accepted is true of the data in the file.");
    model.set("game", { verdict, changed, room, won });
  }

  area.addEventListener("beforeinput", (event) => {
    const at = area.selectionStart;
    const over = /^\d$/.test(event.data ?? "") && at === area.selectionEnd && /\d/.test(area.value[at] ?? "");
    if (!over) return;
    event.preventDefault();
    area.setRangeText(event.data, at, at + 1, "end");
    ask();
  });
  area.addEventListener("input", ask);
  area.addEventListener("scroll", draw);
  const moved = () => document.activeElement === area && draw();
  document.addEventListener("selectionchange", moved);
  if (matchMedia("(pointer: coarse)").matches) area.inputMode = "none"; // a tap chooses a digit, the buttons change it
  strip.svg.classList.add("tapped");
  strip.svg.addEventListener("click", (event) => {
    const box = strip.svg.getBoundingClientRect();
    go(1 + Math.floor(((event.clientX - box.left) / box.width) * total));
  });
  el.addEventListener("dragover", (event) => event.preventDefault());
  el.addEventListener("drop", (event) => (event.preventDefault(), event.dataTransfer.files[0] && open(event.dataTransfer.files[0])));
  bytes = ours;
  const stop = show([strip], draw);
  load(ours);
  return () => ((last += 1), document.removeEventListener("selectionchange", moved), stop());
}

export default { render };
