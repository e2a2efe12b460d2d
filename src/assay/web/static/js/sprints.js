// Sprints: sums beside the sliders; ceremonies: a timer and the shared screen. Everything works without it.
(() => {
  "use strict";
  for (const box of document.querySelectorAll("[data-shares]")) {
    const sliders = [...box.querySelectorAll("input[type=range]")], words = box.querySelector("[data-sum]");
    const total = document.getElementById(box.dataset.shares), unit = box.dataset.shares === "person_days" ? "d" : "GPU-h";
    const tell = () => {
      const sum = sliders.reduce((all, slider) => all + Number(slider.value), 0), all = Number(total.value);
      for (const slider of sliders) {
        const output = box.querySelector(`output[for="${slider.id}"]`), amount = document.createElement("small");
        amount.textContent = all > 0 ? ` ${Math.round(all * slider.value) / 100} ${unit}` : "";
        output.replaceChildren(`${slider.value}%`, amount);
      }
      box.classList.toggle("over", sum > 100);
      words.textContent = sum > 100 ? `${sum}% is shared out: ${sum - 100}% too much.` : `${sum}% is shared out, ${100 - sum}% is free.`;
    };
    box.addEventListener("input", tell);
    total.addEventListener("input", tell);
    tell();
  }

  for (const button of document.querySelectorAll("[data-needs-js], [data-shared]")) button.hidden = false;
  const shared = document.querySelector("[data-shared]");
  const turn = async (on) => {
    document.body.classList.toggle("shared", on);
    shared.setAttribute("aria-pressed", String(on));
    try {
      if (on) await document.documentElement.requestFullscreen?.();
      else if (document.fullscreenElement) await document.exitFullscreen();
    } catch { /* A browser may refuse the whole screen; the large page is there all the same. */ }
  };
  shared?.addEventListener("click", () => turn(!document.body.classList.contains("shared")));
  document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) turn(false); });
  // Keys of a ceremony: f for the shared screen, t for the timer, n and p for the pages of the sprint.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, dialog")) return;
    if (event.key === "f") shared?.click();
    if (event.key === "t") document.querySelector("[data-timer] button")?.click();
    if (event.key === "Escape" && document.body.classList.contains("shared")) turn(false);
    if (event.key === "n" || event.key === "p") {
      const pages = [...document.querySelectorAll(".tabs a")], at = pages.findIndex((page) => page.hasAttribute("aria-current"));
      const to = pages[at + (event.key === "n" ? 1 : -1)];
      if (to) location.href = to.href;
    }
  });

  const timer = document.querySelector("[data-timer]");
  if (timer) {
    const length = Number(timer.dataset.timer) * 60, shown = document.createElement("output"), start = document.createElement("button"), reset = document.createElement("button");
    shown.setAttribute("aria-label", "Time left");
    for (const [button, word] of [[start, "Start"], [reset, "Reset"]]) { button.type = "button"; button.className = "btn small"; button.textContent = word; }
    let left = length, end = null, ticking = null, told = false;
    const tell = () => {
      const now = end === null ? left : Math.round((end - Date.now()) / 1000), size = Math.abs(now);
      shown.textContent = `${now < 0 ? "-" : ""}${Math.floor(size / 60)}:${String(size % 60).padStart(2, "0")}`;
      timer.classList.toggle("over", now < 0);
      if (now <= 0 && !told) { told = true; window.assay.toast("Time is up."); window.assay.say("Time is up."); }
      return now;
    };
    start.addEventListener("click", () => {
      if (end === null) { end = Date.now() + left * 1000; ticking = setInterval(tell, 500); } else { left = tell(); end = null; clearInterval(ticking); }
      start.textContent = end === null ? "Go on" : "Pause";
    });
    reset.addEventListener("click", () => { clearInterval(ticking); end = null; left = length; told = false; start.textContent = "Start"; tell(); });
    timer.append(shown, start, reset);
    tell();
  }
})();
