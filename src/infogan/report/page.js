"use strict";
const $ = (id) => document.getElementById(id);
const { run, names } = JSON.parse($("data").textContent);

// Theme: the system's until the button is used.
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const showTheme = () => { $("theme").textContent = isDark() ? "Light" : "Dark"; };
$("theme").onclick = () => { root.dataset.theme = isDark() ? "light" : "dark"; showTheme(); };
dark.onchange = showTheme;
$("theme").hidden = false;
showTheme();

// Names: every field is named after what it names, `slant` or `digit.3`.
const fields = [...document.querySelectorAll("input[data-names]")];
const before = new Map(fields.map((field) => [field.dataset.names, field.value]));
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const given = () => fields.map((field) => [field.dataset.names, field.value.trim()]);
const changed = () => given().filter(([what, name]) => name !== before.get(what));
let exported = "";

// What has no field here (categories that the page leaves out) keeps its name.
function tree() {
  const result = structuredClone(names);
  for (const [what, name] of given()) {
    const [code, k] = what.split(".");
    const place = k === undefined ? result.codes : (result.categories[code] ??= {});
    if (name) place[k ?? code] = name;
    else delete place[k ?? code];
    if (k !== undefined && !Object.keys(place).length) delete result.categories[code];
  }
  return result;
}

function show() {
  for (const [what, name] of given())
    for (const place of document.querySelectorAll(`[data-name="${what}"]`))
      place.textContent = name || place.dataset.plain;
  const lines = changed().map(([what, name]) => `infogan name ${quoted(run)} ${what} ${quoted(name)}`);
  $("export").hidden = !lines.length;
  $("count").textContent = lines.length === 1 ? "1 name changed." : `${lines.length} names changed.`;
  $("lines").textContent = lines.join("\n");
}

for (const field of fields) {
  field.readOnly = false;
  field.placeholder = "name it";
  field.oninput = show;
  field.onkeydown = (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key === "Escape") { field.value = before.get(field.dataset.names); show(); }
  };
}
$("reset").onclick = () => { for (const field of fields) field.value = before.get(field.dataset.names); show(); };
$("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText($("lines").textContent);
    $("count").textContent = "Copied.";
  } catch { // no permission: leave them selected
    getSelection().selectAllChildren($("lines"));
    $("count").textContent = "Selected; copy them with the keyboard.";
  }
  exported = $("lines").textContent;
};
$("download").onclick = () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(tree(), null, 2) + "\n"], { type: "application/json" }));
  link.download = "names.json";
  link.click();
  URL.revokeObjectURL(link.href);
  exported = $("lines").textContent;
};
addEventListener("beforeunload", (event) => { if (![exported, ""].includes($("lines").textContent)) event.preventDefault(); });
