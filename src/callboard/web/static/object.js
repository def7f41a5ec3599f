// An object that is kept current, and its YAML searched. Comes when a page or drawer shows one.
import { connect, put } from "./live.js";

const READER = { touched: false, pointer: null };
const STATES = {
  lost: "The connection to Callboard is lost; trying again. What is shown may be old.",
  "signed-out": "You are signed out, so this is no longer kept current.",
  crowded: "So many pages are open that this is no longer kept current. Open it anew to go on.",
};

// what is returned ends it
export function setUpObject(article) {
  const endSearch = setUpSearch(article);
  const { objectTopic: topic } = article.dataset;
  if (!topic) return endSearch;
  const announced = article.querySelector("[data-announced]");
  const lineState = article.querySelector("[data-line-state]");
  let work = Promise.resolve();
  let over = false;
  let waiting = new Map(); // what is selected is not replaced before it is let go
  let lost = 0;

  const line = connect((message) => {
    work = work.then(() => !over && take(message)).catch((error) => console.error("live update", error));
  });
  line.join(topic, JSON.parse(article.dataset.have));

  async function take(message) {
    if (message.kind === "update") {
      try {
        await place(message.fragments);
      } finally {
        line.placed();
      }
    } else if (message.kind === "state") {
      clearTimeout(lost);
      if (message.state === "lost") lost = setTimeout(() => tell(STATES.lost), 5_000);
      else tell(STATES[message.state] ?? "");
    } else {
      line.leave();
      tell(message.kind === "refused" ? `This is no longer kept current. ${message.message}` : "");
    }
  }

  async function place(fragments) {
    const now = [];
    for (const fragment of fragments) {
      if (selected(document.getElementById(fragment.id))) waiting.set(fragment.id, fragment);
      else now.push(fragment);
      if (!selected(document.getElementById(fragment.id))) waiting.delete(fragment.id);
    }
    const said = () => article.querySelector("[data-said]")?.textContent;
    const before = said();
    await put(article, { fragments: now, lineups: [] }, READER);
    if (said() !== before) announced.textContent = said();
  }

  function letGo() {
    if (!waiting.size || [...waiting.keys()].some((id) => selected(document.getElementById(id)))) return;
    const fragments = [...waiting.values()];
    waiting = new Map();
    work = work.then(() => !over && place(fragments));
  }
  document.addEventListener("selectionchange", letGo);

  function tell(words) {
    lineState.textContent = words;
    lineState.hidden = !words;
  }

  return () => {
    over = true;
    clearTimeout(lost);
    document.removeEventListener("selectionchange", letGo);
    line.leave();
    endSearch();
  };
}

function selected(element) {
  const selection = getSelection();
  return Boolean(element && selection && !selection.isCollapsed && selection.containsNode(element, true));
}

function setUpSearch(article) {
  const field = article.querySelector("[data-find]");
  if (!field || !globalThis.CSS?.highlights) return () => {};
  const found = article.querySelector("[data-found]");
  let ranges = [];
  let at = -1;
  field.closest("[data-script]").hidden = false;
  field.addEventListener("input", () => search(0));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (ranges.some((range) => !range.startContainer.isConnected)) search(at);
    show(at + (event.shiftKey ? -1 : 1));
  });

  function search(from) {
    const text = article.querySelector("pre.yaml")?.firstChild;
    const wanted = field.value.toLowerCase();
    ranges = [];
    const within = (text?.data ?? "").toLowerCase();
    for (let start = wanted && within.indexOf(wanted); wanted && start >= 0 && ranges.length < 1000; ) {
      const range = new Range();
      range.setStart(text, start);
      range.setEnd(text, start + wanted.length);
      ranges.push(range);
      start = within.indexOf(wanted, start + wanted.length);
    }
    show(from);
  }

  function show(next) {
    CSS.highlights.delete("found");
    CSS.highlights.delete("found-now");
    found.textContent = field.value && !ranges.length ? "not in it" : "";
    if (!ranges.length) return;
    at = (next + ranges.length) % ranges.length;
    CSS.highlights.set("found", new Highlight(...ranges));
    CSS.highlights.set("found-now", new Highlight(ranges[at]));
    found.textContent = `${at + 1} of ${ranges.length}`;
    const pre = article.querySelector("pre.yaml");
    const box = ranges[at].getBoundingClientRect();
    pre.scrollTop += box.top - pre.getBoundingClientRect().top - pre.clientHeight / 3;
  }

  return () => {
    CSS.highlights.delete("found");
    CSS.highlights.delete("found-now");
  };
}
