// Keeps an open tab current: the server sends the tab's content again whenever it changed, htmx morphs it in.
// Open details, focus, scroll and selection stay, because morphing touches only what differs.
const QUIET_FOR = 5000;

export function setUpStream() {
  const tab = document.querySelector("[data-stream]");
  if (!tab) return;
  let touched = false;
  for (const sign of ["pointerdown", "pointermove", "wheel", "keydown", "focusin"]) {
    tab.addEventListener(sign, () => (touched = true), { once: true, passive: true });
  }
  let pointer = null;
  addEventListener("pointermove", (event) => (pointer = { x: event.clientX, y: event.clientY }), { passive: true });
  const source = new EventSource(tab.dataset.stream);
  let lost = 0;
  source.addEventListener("open", () => {
    clearTimeout(lost);
    tell("");
  });
  source.addEventListener("view", async (event) => {
    const still = touched ? held(tab, pointer) : null;
    const before = still?.getBoundingClientRect().top;
    const text = touched ? inPresentOrder(event.data) : event.data;
    await globalThis.htmx.swap({ text, target: tab, swap: "innerMorph", sourceElement: tab });
    if (still?.isConnected) scrollBy({ top: still.getBoundingClientRect().top - before, behavior: "instant" });
  });
  source.addEventListener("end", () => {
    source.close();
    tab.removeAttribute("data-stream");
  });
  source.addEventListener("failed", (event) => {
    source.close();
    tell(event.data);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      tell("This page is no longer kept current. Reload it to ask again.");
    } else {
      clearTimeout(lost);
      lost = setTimeout(() => tell("The connection to Callboard is lost; trying again. What is shown may be old."), QUIET_FOR);
    }
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted && source.readyState === EventSource.CLOSED && tab.dataset.stream) location.reload();
  });
}

// Trouble comes first on a fresh page; once someone is reading, nothing jumps under the pointer.
function inPresentOrder(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  for (const list of template.content.querySelectorAll("[data-keep-order]")) {
    const present = document.getElementById(list.id);
    if (!present) continue;
    const places = new Map([...present.children].map((child, place) => [child.id, place]));
    const place = (child) => places.get(child.id) ?? places.size;
    list.append(...[...list.children].sort((one, other) => place(one) - place(other)));
  }
  return template.innerHTML;
}

// What must not move while the page grows around it: what has the focus, else what lies under the pointer, else the
// first cluster in sight.
function held(tab, pointer) {
  const inSight = (element) => {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  const focused = document.activeElement;
  if (focused && tab.contains(focused) && inSight(focused)) return focused;
  const under = pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest("[id]");
  if (under && tab !== under && tab.contains(under)) return under;
  return [...tab.querySelectorAll(".cluster")].find(inSight) ?? null;
}

function tell(words) {
  const line = document.getElementById("line-state");
  line.textContent = words;
  line.hidden = !words;
}
