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
  const source = new EventSource(tab.dataset.stream);
  let lost = 0;
  source.addEventListener("open", () => {
    clearTimeout(lost);
    tell("");
  });
  source.addEventListener("view", (event) => {
    globalThis.htmx.swap({ text: touched ? inPresentOrder(event.data) : event.data, target: tab, swap: "innerMorph", sourceElement: tab });
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

function tell(words) {
  const line = document.getElementById("line-state");
  line.textContent = words;
  line.hidden = !words;
}
