// The figure of the front page starts by itself, once, when it is seen; not for a reader who asked for less motion.
document.addEventListener("DOMContentLoaded", () => {
  const figure = document.querySelector("#fig-front .player");
  if (!figure || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const start = () => {
    const play = [...figure.querySelectorAll("button")].find((button) => button.textContent === "Play");
    if (play) play.click();
    else setTimeout(start, 100); // its own script has not run yet
  };
  const seen = ([figure], watch) => {
    if (!figure.isIntersecting) return;
    watch.disconnect();
    start();
  };
  new IntersectionObserver(seen, { threshold: 0.5 }).observe(figure);
});
