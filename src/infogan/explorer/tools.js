// The panels below the codes: a grid over two codes, the way between two points, and Q on the user's own image.

const Z = { name: "z", shown: "z", seeds: true };

function gridPanel(panel) {
  const axes = facts.noise || facts.codes.length < 2 ? [...facts.codes, Z] : facts.codes; // two, if there are
  const [discrete, continuous] = [axes.find((code) => code.categories), axes.find((code) => code.range)];
  const columns = discrete ?? continuous ?? Z;
  const chosen = { x: columns, y: (columns === continuous ? null : continuous) ?? axes.find((axis) => axis !== columns) ?? columns };
  const choose = (axis, words) => {
    const options = axes.map((code) => el("option", { value: code.name, selected: code === chosen[axis] }, code.shown));
    const pick = () => {
      const [other, next] = [axis === "x" ? "y" : "x", axes.find((code) => code.name === select.value)];
      if (next === chosen[other]) $(`axis-${other}`).value = (chosen[other] = chosen[axis]).name; // the two change places
      chosen[axis] = next;
      build();
    };
    const select = el("select", { id: `axis-${axis}`, onchange: pick }, ...options);
    return [el("label", { htmlFor: select.id }, words), select];
  };
  const table = el("table", { className: "grid", ariaLabel: "Images over two codes" });
  const hint = el("span", { className: "quiet small" }, "choose an image to go there");
  panel.append(el("p", { className: "row" }, ...choose("x", "Across"), ...choose("y", "Down"), hint), el("div", { className: "scroll" }, table));
  let cells = [];

  const steps = (axis, most) => {
    if (axis.seeds) return spaced(0, Math.min(most, facts.seeds) - 1, Math.min(most, facts.seeds));
    if (axis.range) return spaced(...axis.range, Math.min(most, 9)).map((value) => tidy(axis, value, 0));
    return spaced(0, Math.min(axis.categories, most) - 1, Math.min(axis.categories, most));
  };
  const go = (at, axis, value) => (axis.seeds ? withSeed(at, ((at.z.seed ?? 0) + value) % facts.seeds) : withValue(at, axis, value));
  const label = (axis, value) => (axis.seeds ? `+${value}` : plain(axis, value));
  const spot = (at, cell) => (chosen.x === chosen.y ? go(at, Z, cell.x + 10 * cell.y) : go(go(at, chosen.x, cell.x), chosen.y, cell.y));

  function build() {
    const [across, down] = [steps(chosen.x, 10), steps(chosen.y, 5)];
    const side = clamp(Math.floor((panel.clientWidth - 36) / across.length) - 6, 24, 56); // 6: a cell's frame
    const head = el("tr", {}, el("td"), ...across.map((x) => el("th", { scope: "col", dir: "auto" }, label(chosen.x, x))));
    cells = [];
    const body = down.map((y) => el("tr", {}, el("th", { scope: "row", dir: "auto" }, label(chosen.y, y)), ...across.map((x) => {
      const canvas = picture(side, { ariaHidden: "true" });
      const name = `${chosen.x.shown} ${label(chosen.x, x)}, ${chosen.y.shown} ${label(chosen.y, y)}`;
      const button = el("button", { className: "cell", ariaLabel: name, tabIndex: cells.length ? -1 : 0 }, canvas);
      const cell = { x, y, canvas, button };
      button.addEventListener("click", () => commit(locked ? { ...spot(point, cell), z: point.z } : spot(point, cell)));
      cells.push(cell);
      return el("td", {}, button);
    })));
    table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...body));
    const over = table.offsetWidth - table.parentElement.clientWidth; // long names of rows
    if (over > 0) for (const { canvas } of cells) fit(canvas, Math.max(24, side - Math.ceil(over / across.length)));
    table.onkeydown = (event) => roam(event, cells.map((cell) => cell.button), across.length);
    for (const [at, canvas] of samples()) paintStill(at, canvas);
    draw();
  }
  const samples = () => cells.map((cell) => [spot(point, cell), cell.canvas]);

  function draw() {
    if (panel.hidden) return;
    const shown = samples();
    showLater("grid", shown.map(([at]) => at), (i, image) => paint(shown[i][1], image));
    for (const cell of cells) cell.button.ariaPressed = String(same(spot(point, cell), point));
  }
  return { draw, resize: build, samples };
}

/** Arrow keys among buttons in rows of `columns`; one of them is in the tab order. */
function roam(event, buttons, columns) {
  const at = buttons.indexOf(event.target.closest("button"));
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const to = buttons[at + step];
  if (at < 0 || !to) return;
  event.preventDefault();
  for (const button of buttons) button.tabIndex = button === to ? 0 : -1;
  to.focus();
}

function betweenPanel(panel) {
  const ends = { A: point, B: withSeed(firstPoint(), Math.min(1, facts.seeds - 1)) };
  for (const code of facts.codes) ends.B = withValue(ends.B, code, code.categories ? 1 : lerp(...code.trained, 0.75));
  const canvases = { A: picture(innerWidth < 500 ? 112 : 144), B: picture(innerWidth < 500 ? 112 : 144) };
  const end = (name) => {
    const words = el("span", { className: "quiet small words", dir: "auto" });
    canvases[name].words = words;
    canvases[name].ariaHidden = "true";
    const go = el("button", { className: "cell", ariaLabel: `Go to point ${name}`, onclick: () => { slide.value = name === "A" ? 0 : 1; commit(at()); } }, canvases[name]);
    const save = el("button", { onclick: () => { ends[name] = point; slide.value = name === "A" ? 0 : 1; draw(); } }, `Save as ${name}`);
    return el("div", { className: "end" }, go, save, words);
  };
  const slide = el("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0, ariaLabel: "From A to B" });
  const at = () => { const found = mix(ends.A, ends.B, Number(slide.value)); return locked ? { ...found, z: point.z } : found; };
  slide.addEventListener("input", () => move(at()));
  slide.addEventListener("change", () => commit(at(), "between"));
  const strip = spaced(0, 1, 11).map((t) => [t, picture(34, { ariaHidden: "true", onclick: () => { slide.value = t; commit(at()); } })]);
  const play = el("button", { onclick: () => (playing ? stop() : start()) }, "Play");
  let playing = 0;
  const start = () => {
    const begun = performance.now() - Number(slide.value) * 3000;
    play.textContent = "Stop";
    const turn = (now) => {
      const t = (Math.max(0, now - begun) / 3000) % 2;
      slide.value = t > 1 ? 2 - t : t;
      move(at());
      playing = requestAnimationFrame(turn);
    };
    playing = requestAnimationFrame(turn);
  };
  const stop = () => {
    if (!playing) return;
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
    commit(at());
  };
  panel.append(el("div", { className: "ends" }, end("A"), el("div", { className: "way" }, slide,
    el("div", { className: "strip" }, ...strip.map(([, canvas]) => canvas)), el("p", { className: "row" }, play,
      el("span", { className: "quiet small" }, "Save the image on the left as A or B, then slide."))), end("B")));
  function draw() {
    if (panel.hidden) return;
    const all = [[ends.A, canvases.A], [ends.B, canvases.B], ...strip.map(([t, canvas]) => [mix(ends.A, ends.B, t), canvas])];
    showLater("between", all.map(([at]) => at), (i, image) => paint(all[i][1], image));
    for (const name of "AB") canvases[name].words.textContent = inWords(ends[name]);
  }
  return { draw, resize: draw, stop };
}
