// Keeps an open page current: the elements that changed come over one stream that all tabs share, and htmx morphs them in.
// Open details, focus, scroll, selection and typed text stay, because morphing touches only what differs.
import { applyFolds } from "./folds.js";
import { Stream } from "./stream.js";
import { refreshTimes } from "./times.js";

const QUIET_FOR = 5_000;
const LOOKED_AT = 10_000; // whoever has a page before them for so long knows where things stand, touched or not
const WORDS = {
  lost: "The connection to Callboard is lost; trying again. What is shown may be old.",
  polling: "Something between this browser and Callboard holds live updates back. The page renews itself every few seconds instead.",
  "signed-out": "You are signed out, so this page is no longer kept current. Sign in again and reload it.",
  crowded: "So many pages are open that this one is no longer kept current. Reload it to go on.",
};

export function setUpLive() {
  let place = null;
  let topic = "";
  let have = {};
  let reader = null;
  let line = null;
  let over = false;
  let work = Promise.resolve();
  let lost = 0;

  begin();
  document.addEventListener("htmx:after:swap", begin);

  // what the page shows may become another topic's: a filter was chosen
  function begin() {
    const found = document.querySelector("[data-topic]");
    if (!found) {
      if (place) line.leave();
      place = null;
      return;
    }
    if (!found.dataset.have) return;
    if (found !== place) reader = watchReader(found);
    place = found;
    ({ topic } = place.dataset);
    have = JSON.parse(place.dataset.have);
    place.removeAttribute("data-have");
    over = false;
    line ??= connect((message) => {
      work = work.then(() => take(message)).catch((error) => console.error("live update", error));
    });
    line.join(topic, have);
  }

  async function take(message) {
    if (!place || (message.kind !== "state" && message.topic !== topic)) return;
    if (message.kind === "update") {
      try {
        await put(place, message, reader);
        for (const { id, tag } of [...message.fragments, ...message.lineups]) have[id] = tag;
      } finally {
        line.placed(); // the next one may come, also after one that would not go in
      }
    } else if (message.kind === "state") {
      clearTimeout(lost);
      if (message.state === "lost") lost = setTimeout(() => tell(WORDS.lost), QUIET_FOR);
      else tell(WORDS[message.state] ?? "");
    } else {
      over = true;
      line.leave();
      place.removeAttribute("data-topic");
      clearTimeout(lost);
      tell(message.kind === "refused" ? `This page is no longer kept current. ${message.message}` : "");
    }
  }

  // what is folded away at first, and large, comes when it is unfolded, and is kept current from then on
  document.addEventListener("toggle", wantUnfolded, { capture: true });

  function wantUnfolded() {
    if (!place || over) return;
    const open = [...place.querySelectorAll("details[open] [data-place]")].filter((each) => each.checkVisibility());
    const gone = (id) => have[id] && !document.getElementById(id); // with the panel it stood in, which came again
    const wanted = open.map((each) => each.dataset.place).filter((id) => !(id in have) || gone(id));
    if (wanted.length === 0) return;
    for (const id of wanted) have[id] = "";
    line.join(topic, have);
  }

  addEventListener("pagehide", () => line?.leave());
  addEventListener("pageshow", (event) => {
    if (event.persisted && place && !over) line.join(topic, have);
  });
  addEventListener("online", () => line?.wake(0));
  document.addEventListener("visibilitychange", () => line?.shown(document.visibilityState === "visible"));
}

// the worker that all tabs share, or where there is none (or it would not start) a stream of this tab's own
function connect(receive) {
  let present = null;
  const own = () => {
    let count = 0;
    const stream = new Stream((name, message) => {
      if (name === undefined || name === present?.name) receive({ ...message, topic: present?.topic });
    });
    const add = () => stream.add(present.name, present.topic, present.have);
    const remove = () => present && stream.remove(present.name);
    return {
      join: (topic, have) => {
        remove();
        present = { topic, have, name: `page-${++count}` }; // what still comes for the topic before is nobody's
        add();
      },
      leave: remove,
      placed: () => {},
      wake: (quietFor) => stream.wake(quietFor),
      // a browser has six connections to a host: a tab nobody looks at gives its own back
      shown: (visible) => present && (visible ? add() : remove()),
    };
  };
  if (!globalThis.SharedWorker) return own();
  const worker = new SharedWorker(new URL("worker.js", import.meta.url), { type: "module", name: "callboard" });
  const lock = `callboard-page-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  const say = (message) => worker.port.postMessage(message);
  worker.port.onmessage = ({ data }) => receive(data);
  // held until this page is gone, however it ends: that is when the worker gets it
  navigator.locks?.request(lock, () => (say({ do: "locked", lock }), new Promise(() => {})));
  let line = {
    join: (topic, have) => ((present = { topic, have }), say({ do: "join", topic, have })),
    leave: () => say({ do: "leave" }),
    placed: () => say({ do: "placed" }),
    wake: (quietFor) => say({ do: "wake", quietFor }),
    shown: (visible) => visible && say({ do: "wake", quietFor: 20_000 }),
  };
  worker.onerror = () => {
    line = own();
    if (present) line.join(present.topic, present.have);
  };
  return Object.fromEntries(Object.keys(line).map((name) => [name, (...given) => line[name](...given)]));
}

// whether someone has begun to read, and where the pointer is
function watchReader(place) {
  const reader = { touched: false, pointer: null };
  for (const sign of ["pointerdown", "pointermove", "wheel", "keydown", "focusin"]) {
    place.addEventListener(sign, () => (reader.touched = true), { once: true, passive: true });
  }
  setTimeout(() => (reader.touched = true), LOOKED_AT);
  addEventListener("pointermove", (event) => (reader.pointer = { x: event.clientX, y: event.clientY }), { passive: true });
  return reader;
}

async function put(place, { fragments, lineups }, reader) {
  const still = reader.touched ? held(place, reader.pointer) : null;
  const before = still?.getBoundingClientRect().top;
  for (const fragment of fragments) {
    const present = document.getElementById(fragment.id);
    const target = present ?? document.getElementById(fragment.in);
    if (!target) continue;
    const swap = present ? "outerMorph" : "place" in target.dataset ? "innerHTML" : "beforeend";
    await globalThis.htmx.swap({ text: fragment.html, target, swap, sourceElement: place });
  }
  for (const lineup of lineups) lineUp(lineup, reader.touched);
  applyFolds();
  refreshTimes(place);
  if (still?.isConnected) scrollBy({ top: still.getBoundingClientRect().top - before, behavior: "instant" });
}

// Trouble comes first on a fresh page; once someone is reading, nothing jumps under the pointer.
function lineUp({ id, ids }, touched) {
  const list = document.getElementById(id);
  if (!list) return;
  const wanted = new Set(ids);
  for (const child of [...list.children]) if (!wanted.has(child.id)) child.remove();
  if (touched) return; // what is new was added at the end
  let at = list.firstElementChild;
  for (const each of ids) {
    const child = document.getElementById(each);
    if (child === at) at = at?.nextElementSibling;
    else if (child) list.insertBefore(child, at);
  }
}

// What must not move while the page grows around it: what has the focus, else what lies under the pointer, else the
// first element of a list in sight.
function held(place, pointer) {
  const inSight = (element) => {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  };
  const focused = document.activeElement;
  if (focused && place.contains(focused) && inSight(focused)) return focused;
  const under = pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest("[id]");
  if (under && place !== under && place.contains(under)) return under;
  return [...place.querySelectorAll("[data-keep-order] > *")].find(inSight) ?? null;
}

function tell(words) {
  const line = document.getElementById("line-state");
  line.textContent = words;
  line.hidden = !words;
}
