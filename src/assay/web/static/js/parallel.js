// Parallel coordinates: a stretch of an axis picks the groups that cross it, by dragging along the axis or by the fields below it.
(() => {
  "use strict";
  const LONGEST = 30000;  // an address beyond this is refused by servers on the way
  const kept = new Map();  // by picture: the stretch of each axis, from 0 to 1, that is picked

  const placeOf = (axis, value) => {
    const at = axis.log ? Math.log10(value) : value;
    const share = axis.high > axis.low ? (at - axis.low) / (axis.high - axis.low) : 0.5;
    return axis.room + (1 - 2 * axis.room) * share;
  };
  const valueAt = (axis, place) => {
    const at = axis.low + ((place - axis.room) / (1 - 2 * axis.room)) * (axis.high - axis.low);
    return Number((axis.log ? 10 ** at : at).toPrecision(4));
  };
  // A little around a value, so that what stands on it is in.
  const NEAR = 1e-4;
  // So that one value alone is seen to be picked.
  const EDGE = 0.012;

  function picked(box) {
    const stretches = kept.get(box.dataset.chart) ?? {};
    const { groups } = box.specification.datasets, { runs } = box.specification.usermeta;
    const outside = new Set(groups.filter((row) => stretches[row.axis] && (row.at < stretches[row.axis][0] - NEAR || row.at > stretches[row.axis][1] + NEAR)).map((row) => row.group));
    const inside = Object.keys(runs).filter((key) => !outside.has(key));
    return { stretches, outside: [...outside], inside, runs: inside.flatMap((key) => runs[key]) };
  }
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  function show(box) {
    const { stretches, outside, inside, runs } = picked(box);
    box.view.signal("outside", outside);
    box.view.data("picked", Object.entries(stretches).map(([axis, [low, high]]) => ({ axis, low: low - EDGE, high: high + EDGE })));
    box.view.runAsync();
    const place = box.nearby;
    const any = Object.keys(stretches).length > 0;
    place.said.textContent = any ? `${count(inside.length, "group")} of ${inside.length + outside.length} picked, ${count(runs.length, "run")}.` : "";
    place.clear.hidden = !any;
    const address = new URL(location.pathname, location.href);
    const now = new URLSearchParams(location.search);
    for (const name of ["metric", "read", "across", "colour", "log", "smooth"]) for (const value of now.getAll(name)) address.searchParams.append(name, value);
    for (const run of runs) address.searchParams.append("run", run);
    const fits = address.href.length <= LONGEST;
    place.go.hidden = !any || !runs.length || !fits;
    place.go.href = address.href;
    place.go.textContent = `Compare ${runs.length === 1 ? "this run" : `these ${runs.length} runs`}`;
    if (any && !fits) place.said.textContent += " Too many to be named in an address: pick fewer, or narrow by a parameter above.";
    for (const field of place.fields) field.read(stretches[field.axis.name]);
  }
  function pick(box, name, stretch) {
    const stretches = { ...kept.get(box.dataset.chart) };
    if (stretch) stretches[name] = stretch; else delete stretches[name];
    kept.set(box.dataset.chart, stretches);
    show(box);
  }

  const made = (tag, words = {}, ...inside) => { const one = Object.assign(document.createElement(tag), words); one.append(...inside); return one; };

  // The same without a mouse: two fields an axis.
  function fieldsOf(box, axis, number) {
    const id = `pick-${number}`;
    const several = axis.words.length > 0;
    const ordered = [...axis.words].sort((one, other) => one[0] - other[0]);
    const field = (end, word) => {
      const input = several
        ? made("select", {}, made("option", { value: "", textContent: "any" }), ...ordered.map(([at, text]) => made("option", { value: String(at), textContent: text })))
        : made("input", { type: "number", step: "any", placeholder: "any" });
      input.id = `${id}-${end}`;
      return { input, label: made("label", { htmlFor: input.id, textContent: word }) };
    };
    const from = field("from", several ? "first" : "from"), to = field("to", several ? "to" : "to");
    const placeIn = (input, otherwise) => {
      if (input.value === "") return otherwise;
      const value = Number(input.value);
      if (several) return value;
      return axis.log && value <= 0 ? otherwise : placeOf(axis, value);
    };
    const changed = () => {
      if (from.input.value === "" && to.input.value === "") { pick(box, axis.name, null); return; }
      const ends = [placeIn(from.input, several ? ordered[0][0] : 0), placeIn(to.input, several ? ordered[ordered.length - 1][0] : 1)];
      pick(box, axis.name, [Math.min(...ends), Math.max(...ends)]);
    };
    for (const { input } of [from, to]) input.addEventListener("change", changed);
    const read = (stretch) => {
      if (document.activeElement === from.input || document.activeElement === to.input) return;
      const inside = several && stretch ? ordered.filter(([at]) => at >= stretch[0] - NEAR && at <= stretch[1] + NEAR) : [];
      const texts = !stretch ? ["", ""] : several ? [inside[0]?.[0] ?? "", inside[inside.length - 1]?.[0] ?? ""] : stretch.map((place) => valueAt(axis, place));
      [from.input.value, to.input.value] = texts.map(String);
    };
    const row = made("fieldset", { className: "pick" }, made("legend", { textContent: axis.name }), from.label, from.input, to.label, to.input);
    return { axis, row, read };
  }

  function beside(box) {
    const panel = box.closest("[data-picture]");
    const said = made("span", { className: "dim" });
    said.setAttribute("role", "status");
    const go = made("a", { className: "btn small primary", hidden: true });
    const clear = made("button", { type: "button", className: "btn small", textContent: "Pick all", hidden: true });
    clear.addEventListener("click", () => { kept.delete(box.dataset.chart); document.activeElement?.blur(); show(box); });
    const fields = box.specification.usermeta.axes.map((axis, number) => fieldsOf(box, axis, number));
    const typed = made("details", { className: "more" }, made("summary", { textContent: "Pick by values" }), made("div", { className: "picks" }, ...fields.map((one) => one.row)));
    const whole = made("div", { className: "picking" }, made("div", { className: "inline" }, said, go, clear), typed);
    if (box.nearby) { typed.open = box.nearby.typed.open; box.nearby.whole.replaceWith(whole); } else panel.append(whole);
    box.nearby = { whole, said, go, clear, fields, typed, axes: JSON.stringify(box.specification.usermeta.axes) };
  }

  function draggable(box) {
    const { axes } = box.specification.usermeta;
    const where = (event) => {
      const edge = box.querySelector("svg").getBoundingClientRect(), [x, y] = box.view.origin(), room = box.view.padding();
      return [event.clientX - edge.left - x - room.left, event.clientY - edge.top - y - room.top];
    };
    const nearest = (x) => axes.map((axis) => [Math.abs(box.view.scale("x")(axis.name) - x), axis]).sort((one, other) => one[0] - other[0])[0];
    const within = (y) => Math.min(1.02, Math.max(-0.12, box.view.scale("y").invert(y)));
    box.querySelector("svg").addEventListener("pointerdown", (event) => {
      const [x, y] = where(event), [far, axis] = nearest(x);
      if (far > 16 || event.button !== 0) return;
      event.preventDefault();
      const begun = within(y);
      let moved = false;
      const move = (next) => {
        const now = within(where(next)[1]);
        moved ||= Math.abs(now - begun) > 0.02;
        if (moved) pick(box, axis.name, [Math.min(begun, now), Math.max(begun, now)]);
      };
      const end = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        if (!moved) pick(box, axis.name, null);
        // The click that ends a drag opens nothing. It comes before anything that is put off, and a person's next one after it.
        const eat = (click) => { click.preventDefault(); click.stopPropagation(); };
        addEventListener("click", eat, true);
        setTimeout(() => removeEventListener("click", eat, true));
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
    });
  }

  document.addEventListener("assay:drawn", (event) => {
    const box = event.target;
    if (!box.specification?.usermeta?.axes) return;
    const svg = box.querySelector("svg");
    if (!svg.dataset.draggable) { svg.dataset.draggable = "yes"; draggable(box); }
    if (box.nearby?.axes !== JSON.stringify(box.specification.usermeta.axes)) beside(box);
    show(box);
  });
})();
