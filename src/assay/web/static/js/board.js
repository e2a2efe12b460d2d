// The board: drag, keys, menu, and what other people change meanwhile. The server decides every move.
(() => {
  "use strict";
  const board = document.getElementById("board");
  if (!board) return;
  const { slug, csrf, say, toast } = window.assay;
  const root = `/p/${slug}`;
  const fragment = { "HX-Request": "true" };
  const columns = () => [...board.querySelectorAll(".col")];
  const columnOf = (card) => card.closest(".col");
  const titleOf = (column) => column.querySelector("h2").textContent;
  const cardsOf = (column) => [...column.querySelectorAll(".card")];
  // On a board in lanes a column has a list for each lane, otherwise one.
  const listsOf = (column) => [...column.querySelectorAll(".cards")];
  const laneOf = (node) => node.closest(".cell")?.dataset.lane;
  const mostIn = (column) => Math.max(0, ...listsOf(column).map((list) => cardsOf(list).length));
  const cardNow = (key) => document.getElementById(`card-${key}`);
  let dragging = false;

  // What is usual in a column comes after the board: it grows with every finished stay, and cards are kept.
  fetch(`${root}/board/usual.json`).then((answer) => (answer.ok ? answer.json() : {})).then((usual) => {
    window.assay.usual = usual;
    if (Object.keys(usual).length) window.assay.ages(board);
  }).catch(() => {});

  // Columns that arrived: cards that are as they were stay, so that scroll, focus and layout stay too; changed ones light up once.
  function receive(html) {
    const parts = document.createElement("template");
    parts.innerHTML = html;
    const focused = document.activeElement?.closest?.(".card")?.dataset.key;
    for (const fresh of parts.content.querySelectorAll(".col")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
      old.querySelector("header").replaceWith(fresh.querySelector("header"));
      if (board.dataset.lanes) sameLanes(old, fresh);
      listsOf(old).forEach((list, at) => {
        arrange(list, [...listsOf(fresh)[at].children]);
        Sortable.get(list).option("animation", glide(list));
      });
    }
    const names = parts.content.getElementById("lanes");
    if (names) document.getElementById("lanes")?.replaceWith(names);
    if (focused && !document.activeElement?.closest?.(".card")) focus(cardNow(focused));
    const words = parts.content.querySelector("[data-say]");
    if (words) {
      const form = parts.content.querySelector("form[data-undo]");
      const undo = form && { label: form.dataset.undo, act: () => send(form.dataset.key, new FormData(form), form.getAttribute("action")) };
      toast(words.textContent.trim(), undo);
      say(`${words.textContent.trim()}${undo ? ` Press u to undo.` : ""}`);
    }
    const panel = parts.content.querySelector("[data-dialog]");
    if (panel) show(panel.innerHTML, panel.dataset.dialog);
  }

  // The lanes of a column as in the answer: those that stay keep their lists, with cards, scroll and drag.
  function sameLanes(old, fresh) {
    const known = new Map([...old.querySelectorAll(".cell")].map((cell) => [cell.dataset.lane, cell]));
    for (const cell of fresh.querySelectorAll(".cell")) {
      let mine = known.get(cell.dataset.lane);
      known.delete(cell.dataset.lane);
      if (!mine) {
        mine = cell.cloneNode(true);
        mine.querySelector(".cards").replaceChildren();
      }
      old.append(mine);
      if (!Sortable.get(mine.querySelector(".cards"))) sortable(mine.querySelector(".cards"));
    }
    for (const cell of known.values()) {
      for (const card of cardsOf(cell)) card.remove();
      cell.remove();
    }
  }

  const looks = (card) => `${card.dataset.v}:${card.dataset.cv}`;
  function arrange(list, answered) {
    const wanted = answered.map((node) => {
      const old = node.dataset.key ? cardNow(node.dataset.key) : node.matches(".nothing") && list.querySelector(".nothing");
      if (old && (!node.dataset.key || looks(old) === looks(node))) return old;
      old?.remove();
      if (node.dataset.key) node.classList.add("fresh");
      return node;
    });
    const stays = new Set(wanted), came = new Set(answered);
    for (const node of [...list.children]) if (!stays.has(node)) node.remove();
    let at = list.firstElementChild;
    for (const node of wanted) {
      if (node === at) { at = at.nextElementSibling; continue; }
      // One card went further down: take it out, and the others need not move.
      if (at && node === at.nextElementSibling) { at.remove(); at = node.nextElementSibling; continue; }
      list.insertBefore(node, at);
    }
    for (const node of wanted) if (came.has(node)) { htmx.process(node); window.assay.ages(node); }
  }

  function show(html, label) {
    document.querySelector("dialog.moving")?.close();
    const dialog = window.assay.dialog(html, label);
    dialog.classList.add("moving");
    dialog.addEventListener("submit", (event) => {
      const form = event.target.closest("form[data-move-form]");
      if (!form) return;
      event.preventDefault();
      const body = new FormData(form, event.submitter);
      dialog.close();
      send(form.dataset.key, body, form.getAttribute("action"));
    });
    (dialog.querySelector("[autofocus], textarea") ?? dialog.querySelector(".moves button, .moves a.btn, .moves input:not([type=hidden])") ?? dialog.querySelector(".primary, button"))?.focus();
    return dialog;
  }

  // What this page shows, so that the server sends only columns that look different. Counted by the cards of the last
  // answer: a card on its way must not change it.
  const state = () => {
    const query = new URLSearchParams(location.search);
    query.delete("done");
    query.set("have", columns().map((column) => `${column.dataset.stage}:${column.dataset.shown}:${column.dataset.digest}`).join(","));
    return query;
  };
  // Every card of an answer says that it has settled: count once, when all have.
  const grown = new Set();
  board.addEventListener("htmx:afterSettle", (event) => {
    const column = columnOf(event.target);
    if (!column || grown.has(column)) return;
    grown.add(column);
    queueMicrotask(() => { grown.delete(column); column.dataset.shown = mostIn(column); });
  });

  async function refresh() {
    const answer = await fetch(`${root}/board/changes?${state()}`, { headers: fragment });
    if (answer.status === 200 && !dragging) receive(await answer.text());
  }

  async function send(key, body, action = `${root}/t/${key}/move`) {
    const card = cardNow(key);
    const back = () => { if (action.endsWith("/move")) putBack(key); };
    card?.classList.add("moving");
    try {
      const answer = await fetch(`${action}?${state()}`, { method: "POST", body: new URLSearchParams(body), headers: { ...fragment, "X-CSRF-Token": csrf } });
      const html = await answer.text();
      if ((answer.headers.get("Content-Type") ?? "").startsWith("text/html")) receive(html);
      else toast(`Nothing was changed: the server answered ${answer.status}.`);
      if (!answer.ok && !html.includes("class=\"col\"")) back();
    } catch {
      toast("The server cannot be reached. Nothing was changed.");
      back();
    }
    cardNow(key)?.classList.remove("moving");
    focus(cardNow(key));
  }

  function move(card, to, before, lane = laneOf(card)) {
    const body = new URLSearchParams({ to, before_key: before ?? "", expected_version: card.dataset.v });
    if (board.dataset.lanes) { body.set("lanes", board.dataset.lanes); body.set("lane", lane ?? ""); }
    return send(card.dataset.key, body);
  }

  // Drag with the mouse or a finger.
  const places = new Map();
  function remember(card) { places.set(card.dataset.key, { list: card.parentElement, next: card.nextElementSibling }); }
  function putBack(key) {
    const place = places.get(key), card = cardNow(key);
    if (place?.list.isConnected && card) place.list.insertBefore(card, place.next?.isConnected ? place.next : null);
  }

  async function showTargets(card) {
    const from = columnOf(card);
    const legal = new Set(from.dataset.targets.split(" "));
    board.classList.add("dragging");
    from.classList.add("from");
    for (const column of columns()) column.classList.toggle("legal", legal.has(column.dataset.stage));
    const answer = await fetch(`${root}/t/${card.dataset.key}/moves.json`);
    if (!answer.ok || !board.classList.contains("dragging")) return;
    for (const one of await answer.json()) {
      const column = document.getElementById(`col-${one.target}`);
      if (!column) continue;
      column.classList.toggle("gated", !one.allowed);
      const line = document.createElement("div");
      line.className = "hint-line";
      line.textContent = one.hint;
      column.querySelector("header").append(line);
    }
  }
  function hideTargets() {
    board.classList.remove("dragging");
    for (const column of columns()) column.classList.remove("legal", "gated", "from");
    board.querySelectorAll(".hint-line").forEach((line) => line.remove());
  }

  function nextKey(card) {
    for (let at = card.nextElementSibling; at; at = at.nextElementSibling) if (at.classList.contains("card")) return at.dataset.key;
    // The end of what is loaded is not the end of the column: stay above the last loaded card.
    const list = card.parentElement, all = cardsOf(list).filter((other) => other !== card);
    return list.querySelector(".more") && all.length ? all[all.length - 1].dataset.key : "";
  }

  // Cards that make room glide only where there are few: the browser would lay the column out anew for every one of them.
  const GLIDING = 24;
  const glide = (list) => (cardsOf(list).length > GLIDING || matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120);

  function sortable(list) {
    Sortable.create(list, {
      group: "cards", draggable: ".card", filter: ".move, .more", preventOnFilter: false, animation: glide(list),
      forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, delay: 220, delayOnTouchOnly: true, ghostClass: "drag-ghost", chosenClass: "drag-chosen", scroll: true, bubbleScroll: true, scrollSensitivity: 60,
      onStart: (event) => { dragging = true; remember(event.item); showTargets(event.item); },
      onEnd: (event) => {
        dragging = false;
        hideTargets();
        if (event.from === event.to && event.oldDraggableIndex === event.newDraggableIndex) return;
        move(event.item, columnOf(event.item).dataset.stage, nextKey(event.item));
      },
    });
  }
  columns().flatMap(listsOf).forEach(sortable);

  // Keys: arrows or h j k l to look, Shift with arrows to move, m for the menu.
  function focus(card) { card?.querySelector("h3 a")?.focus({ preventScroll: false }); }
  const current = () => document.activeElement?.closest?.(".card");
  function step(card, down) {
    const all = cardsOf(columnOf(card));
    focus(all[all.indexOf(card) + (down ? 1 : -1)]);
  }
  function aside(card, right) {
    const all = columns(), rank = cardsOf(card.parentElement).indexOf(card), lane = listsOf(columnOf(card)).indexOf(card.parentElement);
    for (let at = all.indexOf(columnOf(card)) + (right ? 1 : -1); all[at]; at += right ? 1 : -1) {
      const cards = cardsOf(listsOf(all[at])[lane]);
      if (cards.length) { all[at].scrollIntoView({ block: "nearest", inline: "nearest" }); return focus(cards[Math.min(rank, cards.length - 1)]); }
    }
  }
  function shift(card, key) {
    const column = columnOf(card);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const all = columns(), legal = column.dataset.targets.split(" "), right = key === "ArrowRight";
      const side = all.slice(right ? all.indexOf(column) + 1 : 0, right ? undefined : all.indexOf(column));
      const goal = (right ? side : side.reverse()).find((other) => legal.includes(other.dataset.stage));
      if (goal) return move(card, goal.dataset.stage, cardsOf(listsOf(goal)[listsOf(column).indexOf(card.parentElement)] ?? goal)[0]?.dataset.key ?? "");
      const names = all.filter((other) => legal.includes(other.dataset.stage)).map(titleOf).join(", ");
      return say(`${card.dataset.key} cannot go ${right ? "right" : "left"} from ${titleOf(column)}. It can go to: ${names || "nowhere, it is closed"}.`);
    }
    const list = card.parentElement, all = cardsOf(list), at = all.indexOf(card);
    if (key === "ArrowUp" && at > 0) return move(card, column.dataset.stage, all[at - 1].dataset.key);
    if (key === "ArrowDown" && at < all.length - 1) {
      if (!all[at + 2] && list.querySelector(".more")) return say("Load more cards first.");
      return move(card, column.dataset.stage, all[at + 2]?.dataset.key ?? "");
    }
    // At the edge of its lane a card goes on to the next one: first of the lane below, last of the lane above.
    const lanes = listsOf(column), other = lanes[lanes.indexOf(list) + (key === "ArrowUp" ? -1 : 1)];
    if (other) return move(card, column.dataset.stage, key === "ArrowUp" ? "" : cardsOf(other)[0]?.dataset.key ?? "", laneOf(other));
  }
  const PANELS = { m: "[data-move]", b: "[data-panel]" };
  const LOOK = { ArrowDown: [step, true], j: [step, true], ArrowUp: [step, false], k: [step, false], ArrowRight: [aside, true], l: [aside, true], ArrowLeft: [aside, false], h: [aside, false] };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, dialog")) return;
    const card = current();
    if (event.shiftKey && event.key.startsWith("Arrow")) { if (card) { event.preventDefault(); shift(card, event.key); } return; }
    if (event.shiftKey) return;
    const undo = event.key === "u" && [...document.querySelectorAll(".toast [data-undo]")].at(-1);
    if (undo) { event.preventDefault(); undo.click(); return; }
    const panel = card && PANELS[event.key];
    if (panel) { event.preventDefault(); menu(card, card.querySelector(panel)); return; }
    const act = LOOK[event.key];
    if (!act || (!card && document.activeElement !== document.body && document.activeElement?.id !== "main")) return;
    event.preventDefault();
    if (card) act[0](card, act[1]); else focus(board.querySelector(".card"));
  });

  async function menu(card, link) {
    const answer = await fetch(link.href, { headers: fragment });
    if (answer.ok) show(await answer.text(), link.dataset.panel ?? `Move ${card.dataset.key}`).addEventListener("close", () => focus(cardNow(card.dataset.key)));
    else toast(`${card.dataset.key} cannot be shown: the server answered ${answer.status}.`);
  }
  board.addEventListener("click", (event) => {
    const link = event.target.closest("[data-move], [data-panel]");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); menu(link.closest(".card"), link); }
  });

  // Other people: the server says that something happened, we ask which columns look different now.
  let waiting = null;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(() => (dragging ? later() : refresh().catch(() => {})), 120); };
  const stream = new EventSource(`${root}/events?after=${board.dataset.seq}`);
  stream.addEventListener("change", later);
  addEventListener("pagehide", () => stream.close());
})();
