// The first picture, which the page holds as images: it is there at once, and stays until the networks run.

const SHEET = 10; // stills in a row of the sheet: ACROSS of stills.py
const stills = new Map(facts.stills.map((hash, i) => [asHash(fromHash(hash, firstPoint())), i]));

/** Put the still of a point on a canvas; where the page holds none, the canvas stays as it is. */
function paintStill(at, canvas) {
  const [i, sheet] = [stills.get(asHash(at)), $("stills")];
  if (i === undefined || networks.generator || !sheet.naturalWidth) return;
  const [w, h] = [sheet.naturalWidth / SHEET, sheet.naturalHeight / Math.ceil(facts.stills.length / SHEET)];
  canvas.getContext("2d").drawImage(sheet, (i % SHEET) * w, Math.floor(i / SHEET) * h, w, h, 0, 0, canvas.width, canvas.height);
}

const loaded = (image) => image.complete || new Promise((done) => (image.onload = image.onerror = done));

/** Show the page, with all of its first picture: pairs() are its points and their canvases. */
async function showStills(pairs) {
  const still = $("still");
  await Promise.all([still, $("stills")].map(loaded));
  if (still.naturalWidth && !networks.generator) $("image").getContext("2d").drawImage(still, 0, 0);
  for (const [at, canvas] of pairs()) paintStill(at, canvas);
  still.remove();
  $("image").hidden = false;
  document.querySelector("main").classList.add("shown");
}
