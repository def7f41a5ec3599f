// A fold stands as its reader left it for as long as the tab lives: also when its element goes and comes again, because its
// cluster is asked anew, and when the page is read again, because Callboard was restarted and one had to sign in.
const MOST = 300; // folds of one page that are remembered, those used last

let name = "";
let left = new Map(); // id → whether it is open

export function setUpFolds() {
  name = `folds ${location.pathname}`;
  left = new Map(read());
  applyFolds();
  document.addEventListener("click", (event) => {
    const fold = event.target.closest?.("summary")?.parentElement;
    if (fold?.matches("details[id]") && !event.defaultPrevented) keep(fold.id, !fold.open); // it turns after this
  });
  document.addEventListener("htmx:after:swap", applyFolds);
}

export function applyFolds() {
  for (const [id, open] of left) {
    const fold = document.getElementById(id);
    if (fold?.matches("details") && fold.open !== open) fold.open = open;
  }
}

function keep(id, open) {
  left.delete(id);
  left.set(id, open);
  while (left.size > MOST) left.delete(left.keys().next().value);
  try {
    sessionStorage.setItem(name, JSON.stringify([...left]));
  } catch {
    // a full or forbidden storage: remembered until the page is left
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? [];
  } catch {
    return [];
  }
}
