// A switch for all code of a page, remembered: shown or folded.
const CODE = "details:is(.check, .code, .hide)";
const remembered = () => { try { return localStorage.getItem("code") === "shown"; } catch { return false; } };
const remember = (shown) => { try { localStorage.setItem("code", shown ? "shown" : "folded"); } catch { /* private */ } };

addEventListener("DOMContentLoaded", () => {
  const folds = [...document.querySelectorAll(`article ${CODE}`)];
  const place = document.querySelector(".article-header-buttons");
  if (!folds.length || !place) return;
  const button = document.createElement("button");
  button.className = "btn btn-sm code-switch";
  button.type = "button";
  button.textContent = "Code";
  button.title = "Show or fold all code and all tables of checks";
  const set = (shown) => {
    button.setAttribute("aria-pressed", String(shown));
    for (const fold of folds) fold.open = shown;
  };
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    set(shown);
    remember(shown);
  });
  place.prepend(button);
  set(remembered());
});
