// The state: one point, what came before it and after it, and whether z is locked.

let point = firstPoint();
let committed = point;
let locked = false;
const past = [];
const future = [];
let lastChange = { tag: null, time: 0 };
let rest = 0;

/** Go to a point without a step of undo: a slider on its way. */
function move(next) {
  point = next;
  paintStill(point, $("image"));
  showNow(point, (image) => { paint($("image"), image); speak(); });
  reflect();
  clearTimeout(rest);
  rest = setTimeout(settle, 60);
}

/** Say everywhere on the page where the point is. */
function reflect() {
  for (const one of controls) one.update(point);
  $("seed").value = point.z.seed ?? "";
  $("between-note").textContent = point.z.noise ? "between two seeds" : facts.noise ? `of 0 to ${facts.seeds - 1}` : "";
  $("command").textContent = asCommand(point);
  $("copied").textContent = "";
}

/** Go to a point with a step of undo; quick steps of the same kind (a key held down) are one. */
function commit(next, tag = null) {
  const now = performance.now();
  if (!same(next, committed)) {
    if (!(tag && tag === lastChange.tag && now - lastChange.time < 800)) past.push(committed);
    if (past.length > 200) past.shift();
    future.length = 0;
    committed = next;
  }
  lastChange = { tag, time: now };
  move(next);
  after();
}

function step(from, to) {
  if (!from.length) return;
  to.push(committed);
  committed = from.pop();
  lastChange = { tag: null, time: 0 };
  move(committed);
  after();
}

function after() {
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  $("said").textContent = inWords(point);
  if (networks.generator && isSeeded(point)) try { history.replaceState(null, "", asHash(point)); } catch { /* a sandbox forbids it: no matter */ }
}

const samplesNow = () => controls.flatMap((one) => one.samples(point));

/** Draw everything small once the hand rests. */
function settle() {
  const samples = samplesNow();
  showLater("samples", samples.map(([at]) => at), (i, image) => paint(samples[i][1], image));
  for (const panel of Object.values(panels)) panel.draw();
}

function speak() {
  $("image").setAttribute("aria-label", `Generated image: ${inWords(point)}`);
  if (frames.length > 5) {
    const ms = median(frames);
    $("speed").dataset.ms = ms;
    $("speed").textContent = `Nothing leaves this page. A frame takes ${ms.toFixed(1)} ms; infogan ${facts.version}.`;
  }
}

function failed(error) {
  $("status").textContent = `The networks do not run here: ${error.message}.`;
  $("status").hidden = false;
}

// The page

const controls = facts.codes.map(control);
$("codes").append(...controls.map((one) => one.element));
if (!controls.length) $("codes").append(el("p", { className: "empty" }, "This run has no codes: z alone decides the image."));
const panels = { grid: gridPanel($("grid")), between: betweenPanel($("between")), read: readPanel($("read")) };
Object.assign($("image"), { width, height, hidden: true });
$("about").textContent = `${width} × ${height} ${channels === 1 ? "grey" : "RGB"}, ${facts.codes.length} code${facts.codes.length === 1 ? "" : "s"}, z of ${facts.noise} numbers`;
if (!facts.noise) for (const id of ["new-z", "lock", "seed"]) $(id).closest("label, .row, button").hidden = true;
$("seed").max = facts.seeds - 1;
let readyAfter = 0;

const draw = () => commit({ z: locked ? point.z : { seed: randomSeed() }, values: Object.fromEntries(facts.codes.map((code) => [code.name, drawn(code)])) });
const clicks = {
  "new-z": () => commit(withSeed(point, randomSeed())),
  random: draw,
  undo: () => step(past, future),
  redo: () => step(future, past),
  download: () => {
    const link = el("a", { href: $("image").toDataURL("image/png"), download: `${facts.title}.png` });
    link.click();
  },
  "copy-command": () => copy(asCommand(point), isSeeded(point) ? "Copied." : "Copied; keep the JSON as point.json."),
  "copy-json": () => copy(asJson(point), "Copied: z and the codes."),
};
for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
$("lock").addEventListener("change", () => {
  locked = $("lock").checked;
  $("new-z").disabled = $("seed").disabled = locked;
});
$("seed").addEventListener("change", () => commit(withSeed(point, tidySeed($("seed").value, point.z.seed ?? 0)), "seed"));

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    $("copied").textContent = words;
  } catch {
    $("command").textContent = text; // the browser forbids it: at least the text is there and selected
    getSelection().selectAllChildren($("command"));
    $("copied").textContent = "Press Ctrl+C to copy.";
  }
}

function openTab(id) {
  for (const name of Object.keys(panels)) {
    $(name).hidden = name !== id;
    $(`tab-${name}`).ariaSelected = String(name === id);
    $(`tab-${name}`).tabIndex = name === id ? 0 : -1;
  }
  panels.between.stop();
  settle();
}
const tabs = Object.keys(panels).map((name) => $(`tab-${name}`));
for (const tab of tabs) {
  tab.addEventListener("click", () => openTab(tab.getAttribute("aria-controls")));
  tab.addEventListener("keydown", (event) => { roam(event, tabs, tabs.length); if (event.key.startsWith("Arrow")) document.activeElement.click(); });
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches("input[type=number]")) return;
  const key = event.key.toLowerCase();
  const act = key === "z" ? (event.shiftKey ? clicks.redo : clicks.undo) : key === "y" ? clicks.redo : null;
  if (act) { event.preventDefault(); act(); }
});
document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dragging"); });
document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dragging"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  panels.read.take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => panels.read.take(event.clipboardData.files[0]));
addEventListener("hashchange", () => commit(fromHash(location.hash, point)));

function layout() {
  const frame = document.querySelector(".frame");
  const factor = Math.max(1 / devicePixelRatio, Math.floor(Math.min((frame.clientWidth * devicePixelRatio) / width, (frame.clientHeight * devicePixelRatio) / height)) / devicePixelRatio);
  Object.assign($("image").style, { width: `${width * factor}px`, height: `${height * factor}px` });
  panels.grid.resize();
}
let drawnWidth = 0;
addEventListener("resize", () => innerWidth !== drawnWidth && ((drawnWidth = innerWidth), layout()));

$("status").textContent = "Starting the networks"; // this browser is not too old to read the scripts
layout();
after();
reflect();
showStills(() => [...samplesNow(), ...panels.grid.samples()]);
document.addEventListener("DOMContentLoaded", async () => {
  try {
    await begin();
  } catch (error) {
    failed(error);
    return;
  }
  if (same(point, firstPoint())) committed = point = fromHash(location.hash, point); // now that any can be drawn
  after();
  reflect();
  showNow(point, (image) => {
    paint($("image"), image);
    readyAfter = performance.now();
    $("status").hidden = true;
    document.querySelector("main").ariaBusy = "false";
    speak();
    document.documentElement.dataset.ready = readyAfter.toFixed(0);
    settle();
  });
});
