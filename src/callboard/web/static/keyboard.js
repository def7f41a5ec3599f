import { onDemand } from "./on_demand.js";

// "/" goes to the search, "t" to the table and back, "g" to the grouping, "?" shows all of them; arrows walk along a list of links,
// through what is flicked through, and from line to line of the table of clusters. Esc is the dialog's own.
export function setUpKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !document.querySelector("dialog[open]")) {
      const fields = [...document.querySelectorAll('[data-focus-key="/"]')];
      const field = fields.findLast((each) => each.checkVisibility());
      if (field) {
        event.preventDefault();
        field.focus();
        field.select();
      }
    } else if (event.key === "ArrowDown" && event.target.id === "q") {
      event.preventDefault();
      document.querySelector("[data-arrows] a")?.focus();
    } else if (JUMPS[event.key] && !typing && !document.querySelector("dialog[open]")) {
      if (JUMPS[event.key]()) event.preventDefault();
    } else if (STEPS[event.key] && !typing) {
      step(event, STEPS[event.key]);
      if (FLICKS[event.key]) flick(event);
    }
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(".cell")) stopAt(target);
  });
  oneStopEach();
}

const JUMPS = {
  t: () => follow("[data-key-t]"),
  g: () => goTo(".group-by [aria-current], .by-label summary"),
  "?": () => (onDemand("keys").then((keys) => keys.show()), true),
};

function follow(selector) {
  const link = document.querySelector(selector);
  link?.click();
  return Boolean(link);
}

function goTo(selector) {
  const found = document.querySelector(selector);
  found?.focus();
  return Boolean(found);
}

// of each line of shapes one is reached by Tab, the others by arrows; what came new has to be told
export function oneStopEach() {
  for (const line of document.querySelectorAll("#matrix .cells")) {
    const cells = line.querySelectorAll(":scope > .cell:not([tabindex])");
    if (!cells.length) continue;
    const stop = line.querySelector('.cell[tabindex="0"]');
    for (const cell of cells) cell.tabIndex = -1;
    if (!stop) cells[0].tabIndex = 0;
  }
}

function stopAt(cell) {
  for (const each of cell.parentElement.querySelectorAll('.cell[tabindex="0"]')) each.tabIndex = -1;
  cell.tabIndex = 0;
}

// the shape above or below, in the line above or below that has some
function across(event, by) {
  const lines = [...document.querySelectorAll("#matrix .cells")].filter((line) => line.querySelector(".cell"));
  const line = event.target.closest(".cells");
  const at = [...line.querySelectorAll(".cell")].indexOf(event.target);
  const cells = lines[lines.indexOf(line) + by]?.querySelectorAll(".cell");
  event.preventDefault();
  cells?.[Math.min(at, cells.length - 1)].focus();
}

const FLICKS = { ArrowLeft: "prev", ArrowRight: "next" };

// what can be scrolled has its arrows for that
function flick(event) {
  if (event.target.closest?.("pre, [data-arrows]")) return;
  const within = document.querySelector("dialog[open]") ?? document;
  within.querySelector(`[data-flicks] a[rel="${FLICKS[event.key]}"]`)?.click();
}

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function step(event, by) {
  const list = event.target.closest("[data-arrows]");
  if (!list) return;
  if (event.target.matches("#matrix .cell") && /Up|Down/.test(event.key)) {
    across(event, by);
    return;
  }
  // in a list of rows the first link of each row, in a field of tiles every tile
  const rows = [...list.querySelectorAll(":scope > li")];
  const stops = rows.length ? rows.map((row) => row.querySelector("a")) : [...list.querySelectorAll(":scope > a")];
  const at = stops.findIndex((each) => each === event.target || each.closest("li")?.contains(event.target));
  const next = stops[at + by];
  if (at === -1) return;
  event.preventDefault();
  if (next) next.focus();
  else if (by < 0) document.querySelector("#q")?.focus();
}
