// What every page does: token for htmx, ages, messages, keys, the command palette.
(() => {
  "use strict";
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const slug = meta("assay-project");
  const assay = (window.assay = { csrf: meta("csrf-token"), slug });

  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = assay.csrf; });

  // Ages are written by the browser: a page or a card never carries "3 days ago", which would be wrong tomorrow.
  const UNITS = [["y", 31557600], ["mo", 2629800], ["d", 86400], ["h", 3600], ["min", 60]];
  assay.age = (iso) => length((Date.now() - Date.parse(iso)) / 1000);
  const length = (seconds) => {
    for (const [name, unit] of UNITS) if (seconds >= unit) return `${Math.floor(seconds / unit)} ${name}`;
    return "just now";
  };
  assay.ages = (root) => {
    for (const time of root.querySelectorAll("time[data-age]")) {
      const age = assay.age(time.dateTime);
      if (!time.title) time.title = time.dateTime;
      const usual = assay.usual?.[time.closest(".col")?.dataset.stage];
      const old = usual && time.dataset.age === "in column" && Date.now() - Date.parse(time.dateTime) > usual * 864e5;
      time.textContent = age === "just now" ? age : `${age} ${time.dataset.age}${old ? `, usually ${length(usual * 86400)}` : ""}`;
      time.classList.toggle("old", Boolean(old));
    }
    for (const time of root.querySelectorAll("time[data-box]")) {
      const used = Math.floor((Date.now() - Date.parse(time.dateTime)) / 864e5), days = Number(time.dataset.box);
      if (!time.title) time.title = `Time box: ${time.textContent}`;
      time.textContent = `${used} of ${days} ${days === 1 ? "day" : "days"}`;
      time.classList.toggle("over", used > days);
    }
    for (const time of root.querySelectorAll("time[data-due]")) {
      if (Date.now() < Date.parse(time.dateTime) + 864e5) continue;
      if (!time.title) time.title = time.textContent;
      time.textContent = `data ${assay.age(time.dateTime)} late`;
      time.closest(".data").classList.replace("at-risk", "blocked");
    }
  };
  assay.ages(document);
  setInterval(() => assay.ages(document), 60000);
  document.addEventListener("htmx:load", (event) => assay.ages(event.detail.elt));

  // Messages: shown for a while, read aloud once.
  assay.say = (text) => { document.getElementById("said").textContent = text; };
  assay.toast = (text, undo) => {
    const box = document.createElement("div");
    box.className = "toast";
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => box.remove());
    box.append(words, close);
    if (undo) {
      const back = document.createElement("button");
      back.type = "button";
      back.dataset.undo = "";
      back.textContent = undo.label;
      back.addEventListener("click", () => { box.remove(); undo.act(); });
      words.append(" ", back);
    }
    document.getElementById("toasts").append(box);
    setTimeout(() => box.remove(), 9000);
  };
  document.addEventListener("htmx:responseError", (event) => assay.toast(`The server answered ${event.detail.xhr.status}. Load the page again to see where things stand.`));
  document.addEventListener("htmx:sendError", () => assay.toast("The server cannot be reached. Nothing was changed."));

  // A dialog from a <template> or from the server, closed by Escape, by its button, or by a click beside it.
  assay.dialog = (html, label) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", label);
    dialog.innerHTML = `<div class="dialog-body">${html}</div>`;
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) { event.preventDefault(); dialog.close(); }
    });
    document.body.append(dialog);
    dialog.showModal();
    htmx.process(dialog);
    assay.ages(dialog);
    return dialog;
  };

  // A text that stands on the page, or one that is only asked for when somebody wants it: the browser takes a promise of it.
  async function copied({ dataset }) {
    if (!dataset.copyFrom) return navigator.clipboard.writeText(document.getElementById(dataset.copy).textContent);
    const text = fetch(dataset.copyFrom).then((answer) => (answer.ok ? answer.blob() : Promise.reject(answer)));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": text.then((blob) => new Blob([blob], { type: "text/plain" })) })]);
  }

  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.switch[open], details.lanes-menu[open]")) if (!open.contains(event.target)) open.open = false;
    const copy = event.target.closest("[data-copy], [data-copy-from]");
    if (copy) copied(copy).then(() => assay.toast("Copied."), () => assay.toast(`The browser did not allow copying. ${copy.dataset.copyFrom ? "Open the Markdown" : "Select the text"} instead.`));
    if (event.target.closest("[data-palette]") && slug) { event.preventDefault(); palette(); }
  });

  // Command palette: the answers come from the server, the keys move through them.
  let opened = null;
  async function palette() {
    if (opened) return;
    const answer = await fetch(`/p/${slug}/palette`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) { location.href = `/p/${slug}/search`; return; }
    opened = assay.dialog(await answer.text(), "Search or jump");
    opened.classList.add("palette");
    opened.addEventListener("close", () => { opened = null; });
    const input = opened.querySelector("input");
    const items = () => [...opened.querySelectorAll("[role=option]")];
    const choose = (item) => {
      items().forEach((other) => other.setAttribute("aria-selected", String(other === item)));
      if (item) { input.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
    };
    opened.addEventListener("htmx:afterSwap", () => choose(items()[0]));
    opened.addEventListener("keydown", (event) => {
      const all = items();
      const at = all.findIndex((item) => item.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
      } else if (event.key === "Escape") {
        event.preventDefault();
        opened.close();
      } else if (event.key === "Enter") {
        event.preventDefault();
        const item = all[at] ?? all[0];
        const href = item?.dataset.href;
        if (href) location.href = href;
      }
    });
    opened.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) location.href = item.dataset.href;
    });
    choose(items()[0]);
    input.focus();
  }

  // Keys of every page. Never while somebody types, never over the browser's own.
  const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && slug) { event.preventDefault(); palette(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/" && slug) { event.preventDefault(); palette(); }
    if (event.key === "c" && slug) { event.preventDefault(); location.href = `/p/${slug}/t/new`; }
    if (event.key === "d") document.querySelector("[data-key-d]")?.click();
    if (event.key === "?") {
      event.preventDefault();
      fetch("/keys", { headers: { "HX-Request": "true" } }).then((answer) => answer.text()).then((html) => assay.dialog(html, "Keys"));
    }
  });
})();
