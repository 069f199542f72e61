// What the games share: a goal in words, the best so far (remembered on this device), and an answer that is asked for.

import { button, element } from "./kit.mjs";

const recall = (name) => { try { return JSON.parse(localStorage.getItem(`game ${name}`)); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(`game ${name}`, JSON.stringify(value)); } catch { /* private */ } };

/**
 * The line above a game: its `goal`, and the best result so far. `better(a, b)` says whether a beats b, `show(value)`
 * words a result. `answer(shown)` is called when the reader asks for the answer, or has seen enough of it.
 */
export function game(stage, { name, goal, better, show, answer }) {
  const line = element("p", { class: "goal" });
  const record = element("span", { class: "record" });
  line.append(element("strong", {}, "Goal: "), goal, " ", record);
  stage.el.prepend(line);
  let best = recall(name);
  const tell = () => { record.textContent = best === null ? "" : `Best so far: ${show(best)}.`; };
  let shown = false;
  const reveal = button(stage, "Show the answer", () => {
    shown = !shown;
    reveal.textContent = shown ? "Hide the answer" : "Show the answer";
    answer(shown);
  });
  tell();
  return {
    get best() { return best; },
    get answered() { return shown; },
    /** A result that was reached without the answer. */
    score(value) {
      if (shown || (best !== null && !better(value, best))) return;
      best = value;
      keep(name, best);
      tell();
    },
  };
}
