// Q on an image of the user's: dropped, pasted, chosen or drawn; its codes and class, and the nearest image of G's.

const SEARCH = 2000; // milliseconds for the search of a z

function readPanel(panel) {
  if (!facts.readings.length) {
    panel.append(el("p", { className: "empty" }, "This run's objective trained no Q, so nothing here can read codes from an image."));
    return { draw() {}, resize() {}, take() {} };
  }
  const side = innerWidth < 500 ? 150 : 200;
  const enlarged = Math.max(1, Math.floor(196 / Math.max(width, height)));
  const pad = el("canvas", { className: "pad", width: width * enlarged, height: height * enlarged, tabIndex: -1, role: "img", ariaLabel: "The image that Q reads; draw here" });
  fit(pad, side);
  const ink = pad.getContext("2d", { willReadFrequently: true });
  const colour = el("input", { type: "color", value: "#ffffff", ariaLabel: "Colour to draw in", hidden: channels === 1 });
  const file = el("input", { type: "file", accept: "image/*", id: "file", className: "unseen", onchange: () => { take(file.files[0]); file.value = ""; } });
  const coded = facts.readings.some((one) => one.sets);
  const made = picture(side, { role: "img", ariaLabel: `The nearest image that the generator makes${coded ? " of these codes" : ""}` });
  const found = el("div", { className: "found" });
  const note = el("p", { className: "quiet small", role: "status" }, "Drop or paste an image anywhere, choose a file, or draw.");
  const use = el("button", { className: "main", disabled: true, onclick: () => commit({ z: locked ? point.z : nearest.z, values: nearest.values }) }, coded ? "Use codes" : "Use z");
  const clear = () => { ink.fillStyle = "#000"; ink.fillRect(0, 0, pad.width, pad.height); };
  const invert = () => { ink.globalCompositeOperation = "difference"; ink.fillStyle = "#fff"; ink.fillRect(0, 0, pad.width, pad.height); ink.globalCompositeOperation = "source-over"; readSoon(); };
  let nearest = null;
  let pending = false;

  /** The pad as the networks see it: [C, H, W] in [-1, 1], each pixel the mean of its square; grey as Pillow weighs it. */
  function seen() {
    const { data } = ink.getImageData(0, 0, pad.width, pad.height);
    const image = new Float32Array(size);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const sums = [0, 0, 0];
      for (let v = 0; v < enlarged; v++) for (let u = 0; u < enlarged; u++) {
        const at = 4 * ((y * enlarged + v) * pad.width + x * enlarged + u);
        for (let c = 0; c < 3; c++) sums[c] += data[at + c];
      }
      const rgb = sums.map((sum) => Math.round(sum / enlarged ** 2));
      const grey = (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 32768) >> 16;
      for (let c = 0; c < channels; c++) image[(c * height + y) * width + x] = (channels === 1 ? grey : rgb[c]) / 127.5 - 1;
    }
    return image;
  }

  async function readSoon() {
    if (pending) return;
    pending = true;
    await new Promise(requestAnimationFrame);
    pending = false;
    try {
      const image = seen();
      const read = await readImage(image);
      const values = { ...point.values };
      for (const one of facts.readings) if (one.sets) values[one.sets] = valueOf(one, read[one.name]);
      nearest = { z: point.z, values };
      found.replaceChildren(...facts.readings.flatMap((one) => rows(one, read[one.name])));
      use.disabled = false;
      reconstruct(image, values);
    } catch (error) {
      note.textContent = `This image could not be read: ${error.message}`;
    }
  }

  /** The nearest of the z that the page holds, with the codes as they were read. */
  function reconstruct(image, values) {
    let best = Infinity;
    const points = spaced(0, facts.seeds - 1, facts.seeds).map((seed) => ({ z: { seed }, values }));
    const each = (i, candidate) => {
      const error = candidate.reduce((sum, x, j) => sum + (x - image[j]) ** 2, 0);
      if (!(error < best)) return;
      best = error;
      nearest = points[i];
      paint(made, candidate);
    };
    const done = (n) => (note.textContent = `The nearest of ${n} z is that of seed ${nearest.z.seed}; root mean square error ${Math.round(127.5 * Math.sqrt(best / size))} of 255.`);
    showLater("search", points, each, { done, budget: SEARCH });
  }

  /** Read an image file: cropped at its centre to the networks' proportions, on white where it is clear. */
  async function take(blob) {
    if (!blob) return;
    openTab("read");
    let picture;
    try {
      picture = await createImageBitmap(blob, { colorSpaceConversion: "none" });
    } catch {
      note.textContent = `${blob.name || "This"} is no image that the browser can read; PNG, JPEG and WEBP work.`;
      return;
    }
    const scale = Math.min(picture.width / width, picture.height / height);
    const [w, h] = [width * scale, height * scale];
    const small = el("canvas", { width, height });
    const context = small.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    Object.assign(context, { imageSmoothingEnabled: scale !== 1, imageSmoothingQuality: "high" });
    context.drawImage(picture, (picture.width - w) / 2, (picture.height - h) / 2, w, h, 0, 0, width, height);
    ink.imageSmoothingEnabled = false;
    ink.drawImage(small, 0, 0, pad.width, pad.height);
    readSoon();
  }

  const where = (event) => [(event.offsetX / pad.clientWidth) * pad.width, (event.offsetY / pad.clientHeight) * pad.height];
  let last = null;
  pad.addEventListener("pointerdown", (event) => { pad.setPointerCapture(event.pointerId); last = where(event); stroke(event); });
  pad.addEventListener("pointermove", (event) => last && stroke(event));
  pad.addEventListener("pointerup", () => (last = null));
  pad.addEventListener("pointercancel", () => (last = null));
  function stroke(event) {
    const to = where(event);
    Object.assign(ink, { strokeStyle: channels === 1 ? "#fff" : colour.value, lineWidth: (Math.min(width, height) * enlarged) / 12, lineCap: "round" });
    ink.beginPath();
    ink.moveTo(...last);
    ink.lineTo(to[0], to[1] + 0.01);
    ink.stroke();
    last = to;
    readSoon();
  }

  clear();
  panel.append(el("div", { className: "reading" },
    el("div", {}, el("p", { className: "quiet small" }, "Your image"), pad, el("p", { className: "row" }, el("label", { htmlFor: "file", className: "button" }, "Choose file"), file,
      el("button", { onclick: () => { clear(); readSoon(); } }, "Clear"), el("button", { onclick: invert }, "Invert"), colour)),
    el("div", {}, el("p", { className: "quiet small" }, coded ? "G of its codes" : "Nearest image of G"), made, el("p", { className: "row" }, use)), found), note);
  return { draw() {}, resize() {}, take };
}

/** The value of its code that a reading points to. */
const valueOf = (one, read) => (one.categories ? largest(read.probabilities) : tidy(one, read.mean.toFixed(digitsOf(one)), 0));
const largest = (values) => values.indexOf(Math.max(...values));
const TOP = 4;

/** What is read of one code or of the class, in rows of name, bar and number. */
function rows(one, read) {
  const bar = (share) => { const meter = el("span", { className: "meter", ariaHidden: "true" }); meter.style.setProperty("--share", clamp(share, 0, 1)); return meter; };
  const row = (name, share, words) => el("p", {}, el("span", { className: "name", dir: "auto", title: name }, name), bar(share), el("span", { className: "number" }, words));
  if (!one.categories) {
    const share = (read.mean - one.range[0]) / (one.range[1] - one.range[0]);
    return [row(one.shown, share, `${read.mean.toFixed(2)} ± ${read.std.toFixed(2)}`.replace("-", "\u2212"))];
  }
  const order = Array.from(read.probabilities, (p, k) => [p, k]).sort((a, b) => b[0] - a[0]).slice(0, TOP);
  return order.map(([p, k]) => row(`${one.shown} ${nameOf(one, k)}`, p, `${(100 * p).toFixed(1)} %`));
}
