// A page that stays true while it is open: when the journal has grown the page is asked for again, and parts that differ are put in place.
(() => {
  "use strict";
  const page = document.querySelector("[data-live]");
  if (!page || !window.assay.slug) return;
  const PAUSE_MS = 2000;
  const said = new Map();
  let waiting = false, again = false;

  // Somebody is at work there: a form in which the cursor stands, or one that was opened. It is put in place the next time.
  const busy = (part) => {
    const at = part.contains(document.activeElement) ? document.activeElement : null;
    return Boolean(at?.closest("form") || part.querySelector("details[open] form"));
  };
  function put(part, html) {
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const at = part.contains(document.activeElement) ? document.activeElement : null;
    const href = at?.getAttribute("href"), summary = at?.tagName === "SUMMARY" ? [...part.querySelectorAll("summary")].indexOf(at) : -1;
    part.innerHTML = html;
    [...part.querySelectorAll("details")].forEach((one, place) => { one.open = Boolean(open[place]); });
    if (summary >= 0) part.querySelectorAll("summary")[summary]?.focus({ preventScroll: true });
    else if (href) part.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
    window.assay.ages(part);
    window.htmx?.process(part);
  }
  async function look() {
    if (waiting) { again = true; return; }
    waiting = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live-part]")) {
          const html = fresh.getElementById(part.id)?.innerHTML;
          // The page is another one now, such as the first runs where there were none.
          if (html === undefined) { if (!document.activeElement?.closest("form")) location.reload(); return; }
          if (html === said.get(part.id)) continue;
          if (busy(part)) { again = true; continue; }
          put(part, html);
          said.set(part.id, html);
        }
        await window.assay.refreshCharts?.(page);
      }
      page.dataset.looked = String(Number(page.dataset.looked ?? 0) + 1);
    } catch { /* The stream says when there is something again. */ }
    setTimeout(() => { waiting = false; if (again) look(); }, PAUSE_MS);
  }
  const stream = new EventSource(`/p/${window.assay.slug}/events?after=${page.dataset.live}`);
  stream.addEventListener("change", look);
  addEventListener("pagehide", () => stream.close());
})();
