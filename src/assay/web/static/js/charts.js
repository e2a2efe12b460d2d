// Charts: the server makes the specification, the page's theme gives the colours, nothing is evaluated.
(() => {
  "use strict";
  const boxes = [...document.querySelectorAll("[data-chart]")];
  const probe = document.createElement("i");
  // A canvas turns any CSS colour, light-dark() and color-mix() included, into one that every renderer understands.
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    pen.fillStyle = getComputedStyle(probe).color;
    pen.clearRect(0, 0, 1, 1);
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
    probe.remove();
    return `rgb(${r}, ${g}, ${b})`;
  };
  const theme = (width) => {
    const ink = colour("--ink"), quiet = colour("--ink-3"), line = colour("--line");
    const font = getComputedStyle(document.body).fontFamily;
    const text = { labelFont: font, titleFont: font, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 480, labelColor: quiet, titleColor: quiet };
    return {
      background: null, font, padding: 4,
      view: { stroke: null },
      axis: { ...text, gridColor: line, domain: false, ticks: false, labelPadding: 6, titlePadding: 8 },
      legend: { ...text, labelColor: ink, symbolType: "circle", columns: width > 720 ? 2 : 1, labelLimit: width > 720 ? (width - 140) / 2 : Math.max(160, width - 90) },
      range: { ramp: ["--line-strong", "--accent"].map(colour), category: ["--accent", "--ink-3", "--series-3", "--series-4", "--series-5", "--series-6", "--series-7", "--series-8"].map(colour) },
      style: { halo: { stroke: colour("--surface") }, picked: { stroke: colour("--accent") } },
      rule: { color: ink }, text: { color: ink, font, fontSize: 11 }, line: { color: colour("--accent") }, circle: { color: colour("--accent") }, point: { color: colour("--accent") }, area: { color: colour("--accent") }, bar: { color: colour("--accent") },
    };
  };
  const options = (box) => ({ ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true }, config: theme(box.clientWidth) });
  async function draw(box) {
    try {
      const answer = box.specification ? null : await fetch(box.dataset.chart, { headers: { Accept: "application/json" } });
      if (answer && !answer.ok) throw new Error(`the server answered ${answer.status}`);
      box.specification ??= await answer.json();
      box.view?.finalize();
      box.view = (await vegaEmbed(box, structuredClone(box.specification), options(box))).view;
      box.dataset.drawn = "yes";
      warn(box);
      box.dispatchEvent(new Event("assay:drawn", { bubbles: true }));
    } catch (error) {
      box.textContent = `The chart cannot be drawn: ${error.message}. The table below holds the same figures.`;
      box.dataset.drawn = "no";
    }
  }
  // What the picture leaves out, where its page has a place for it.
  function warn(box) {
    const place = box.closest("[data-picture]")?.querySelector("[data-warnings]");
    if (!place) return;
    place.replaceChildren(...(box.specification.usermeta?.warnings ?? []).map((text) => {
      const line = document.createElement("p");
      line.className = "problem";
      line.textContent = text;
      return line;
    }));
  }
  // New points: the same picture gets new rows, so that what somebody zoomed to or chose stays; another picture is drawn anew.
  const shape = ({ datasets, usermeta, ...rest }) => JSON.stringify(rest);
  async function refresh(box) {
    const answer = await fetch(box.dataset.chart, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const fresh = await answer.json();
    const same = box.view && box.specification && shape(fresh) === shape(box.specification);
    box.specification = fresh;
    if (!same) {
      const zoom = box.view?.getState({ signals: (name) => name === "seen_x" || name === "seen_y", data: () => false }).signals ?? {};
      await draw(box);
      for (const [name, domain] of Object.entries(zoom)) if (domain) box.view.signal(name, domain);
      await box.view?.runAsync();
      return;
    }
    for (const [name, rows] of Object.entries(fresh.datasets)) box.view.data(name, structuredClone(rows));
    await box.view.runAsync();
    warn(box);
    box.dispatchEvent(new Event("assay:drawn", { bubbles: true }));
  }
  window.assay.refreshCharts = (root) => Promise.all([...root.querySelectorAll("[data-chart]")].map(refresh));
  // Pictures of many curves one after the other, so that the first is there soonest; small ones all at once.
  const large = boxes.filter((box) => box.closest("[data-picture]"));
  boxes.filter((box) => !large.includes(box)).forEach(draw);
  large.reduce((before, box) => before.then(() => draw(box)), Promise.resolve());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => boxes.forEach(draw));
})();
