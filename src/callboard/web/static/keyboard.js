// "/" goes to the search; arrows walk along a list of links, or through what is flicked through; Esc is the dialog's own.
export function setUpKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !document.querySelector("dialog[open]")) {
      const fields = [...document.querySelectorAll('[data-focus-key="/"]')];
      const field = fields.find((each) => each.checkVisibility());
      if (field) {
        event.preventDefault();
        field.focus();
        field.select();
      }
    } else if (event.key === "ArrowDown" && event.target.id === "q") {
      event.preventDefault();
      document.querySelector("[data-arrows] a")?.focus();
    } else if (STEPS[event.key] && !typing) {
      step(event, STEPS[event.key]);
      if (FLICKS[event.key]) flick(event);
    }
  });
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
