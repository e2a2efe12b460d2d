// A page that follows along while runs train: what changed is asked for when the journal has grown, and put where it was.
(() => {
  "use strict";
  const whole = document.querySelector("[data-follow]");
  if (!whole) return;
  const part = whole.querySelector("[data-part]");
  const PAUSE_MS = 1500;
  let waiting = false, again = false;

  // Which of several like it: a link by its address, anything else by its place.
  const kept = () => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    return { href: focused?.getAttribute("href"), summary: focused?.tagName === "SUMMARY", open: [...part.querySelectorAll("details")].map((one) => one.open) };
  };
  function put(html) {
    const before = kept();
    part.innerHTML = html;
    [...part.querySelectorAll("details")].forEach((one, at) => { one.open = Boolean(before.open[at]); });
    if (before.summary) part.querySelector("summary")?.focus();
    else if (before.href) part.querySelector(`a[href="${CSS.escape(before.href)}"]`)?.focus({ preventScroll: true });
  }
  async function look() {
    if (waiting) { again = true; return; }
    waiting = true;
    again = false;
    try {
      const answer = await fetch(whole.dataset.follow, { headers: { "HX-Request": "true" } });
      if (answer.ok) put(await answer.text());
      await window.assay.refreshCharts(whole);
      whole.dataset.looked = String(Number(whole.dataset.looked ?? 0) + 1);
    } catch { /* The stream says when there is something again. */ }
    setTimeout(() => { waiting = false; if (again) look(); }, PAUSE_MS);
  }
  const stream = new EventSource(`/p/${window.assay.slug}/events?after=${whole.dataset.seq}`);
  stream.addEventListener("change", look);
  addEventListener("pagehide", () => stream.close());
})();
