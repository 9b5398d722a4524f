// The controls of the codes. Text from the run only ever becomes text nodes and attributes.

const $ = (id) => document.getElementById(id);

/** An element: properties, data and listeners by name, then children. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Put an image [C, H, W] in [-1, 1] on a canvas, a pixel a pixel. The array rounds half to even, as torch does. */
function paint(canvas, image) {
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data.data[4 * i + c] = (image[i + plane * (channels === 3 ? c : 0)] + 1) * 127.5;
    data.data[4 * i + 3] = 255;
  }
  context.putImageData(data, 0, 0);
}

/** A canvas of the images' size, shown near `side` pixels: each pixel a whole number of the screen's, or made smaller. */
function picture(side, properties = {}) {
  const canvas = el("canvas", { width, height, ...properties });
  fit(canvas, side);
  return canvas;
}

function fit(canvas, side) {
  const [longer, dots] = [Math.max(width, height), devicePixelRatio];
  const factor = side >= longer ? Math.floor((side * dots) / longer) / dots : side / longer;
  canvas.style.width = `${width * factor}px`;
  canvas.classList.toggle("smooth", factor < 1);
}

const heading = (code) => el("span", { className: "name", dir: "auto", title: code.name }, code.shown);
const CHIPS = 60; // more categories than this are chosen by number

/** The control of one code: {element, update(point), samples(point)}; samples are [point, canvas] pairs to draw. */
const control = (code) => (code.categories ? (code.categories > CHIPS ? byNumber(code) : chips(code)) : slider(code));

function chips(code) {
  const inputs = spaced(0, code.categories - 1, code.categories).map((k) => {
    const set = () => commit(withValue(point, code, k), code.name);
    return el("input", { type: "radio", name: `code-${code.name}`, value: k, onchange: set });
  });
  const canvases = inputs.map(() => picture(innerWidth < 500 ? 48 : 56, { ariaHidden: "true" }));
  const labels = inputs.map((input, k) =>
    el("label", { className: "chip", title: code.names[k] ? `${k}: ${nameOf(code, k)}` : "" },
      input, canvases[k], el("span", { dir: "auto" }, nameOf(code, k))));
  const note = el("span", { className: "quiet small" });
  const element = el("fieldset", { className: "chips" }, el("legend", {}, heading(code), note), el("div", { className: "row" }, ...labels));
  const update = (at) => {
    const value = at.values[code.name];
    inputs.forEach((input, k) => (input.checked = value === k));
    note.textContent = Array.isArray(value) ? "between two categories" : "";
  };
  const samples = (at) => canvases.map((canvas, k) => [withValue(at, code, k), canvas]);
  return { element, update, samples };
}

function byNumber(code) {
  const id = `value-${code.name}`;
  const field = el("input", { id, type: "number", min: 0, max: code.categories - 1, step: 1 });
  const name = el("span", { className: "quiet", dir: "auto" });
  field.addEventListener("change", () => commit(withValue(point, code, tidy(code, field.value, point.values[code.name])), code.name));
  const element = el("p", { className: "row" }, el("label", { htmlFor: id }, heading(code)), field, name);
  const update = (at) => {
    const value = at.values[code.name];
    field.value = Array.isArray(value) ? "" : value;
    name.textContent = Array.isArray(value) ? "between two categories" : `${code.names[value] ?? ""} of 0 to ${code.categories - 1}`;
  };
  return { element, update, samples: () => [] };
}

const STRIP = 9;

function slider(code) {
  const id = `value-${code.name}`;
  const [low, high] = code.range;
  const share = (value) => (value - low) / (high - low);
  const range = el("input", { type: "range", min: low, max: high, step: stepOf(code), ariaLabel: code.shown });
  range.style.setProperty("--from", share(code.trained[0]));
  range.style.setProperty("--to", share(code.trained[1]));
  const field = el("input", { id, type: "number", min: low, max: high, step: "any" });
  const words = code.periodic ? "radians; both ends are one value" : `trained range: ${code.trained.map((v) => number(code, v)).join(" to ")}`;
  const note = el("span", { id: `${id}-note`, className: "quiet small" }, words);
  range.setAttribute("aria-describedby", note.id);
  const at = (value) => withValue(point, code, tidy(code, value, point.values[code.name]));
  range.addEventListener("input", () => move(at(range.value)));
  range.addEventListener("change", () => commit(at(range.value), code.name));
  field.addEventListener("change", () => { commit(at(field.value), code.name); update(point); });
  const values = spaced(low, high, STRIP).map((value) => tidy(code, value, 0));
  const canvases = values.map((value) =>
    picture(34, { ariaHidden: "true", title: number(code, value), onclick: () => commit(at(value), code.name) }));
  const update = (now) => {
    const value = now.values[code.name];
    range.value = value;
    field.value = Number(value.toFixed(digitsOf(code) + 2));
    note.classList.toggle("beyond", !code.periodic && (value < code.trained[0] || value > code.trained[1]));
  };
  const element = el("div", { className: "slider" },
    el("p", { className: "row" }, el("label", { htmlFor: id }, heading(code)), field, note), range, el("div", { className: "strip" }, ...canvases));
  const samples = (now) => canvases.map((canvas, i) => [withValue(now, code, values[i]), canvas]);
  return { element, update, samples };
}
