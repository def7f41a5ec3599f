// Keeps an open page current: the elements that changed come over one stream that all tabs share, and htmx morphs them in.
// Open details, focus, scroll, selection and typed text stay, because morphing touches only what differs.
import { applyFolds } from "./folds.js";
import { oneStopEach } from "./keyboard.js";
import { tellNews } from "./news.js";
import { Still } from "./still.js";
import { Stream } from "./stream.js";
import { refreshTimes } from "./times.js";
import { markTitle } from "./title.js";

const QUIET_FOR = 5_000;
const LOOKED_AT = 10_000; // whoever has a page before them for so long knows where things stand, touched or not
const SLICE = 12; // milliseconds of placing after which whoever scrolls or types has a turn
const MOST_MEASURED = 60;
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
    tellNews();
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
export function connect(receive) {
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

// whether someone has begun to read, when they last gave a sign, and where the pointer is
function watchReader(place) {
  const reader = { touched: false, seen: Date.now(), pointer: null };
  const sign = () => (reader.seen = Date.now());
  for (const each of ["pointerdown", "pointermove", "wheel", "keydown", "focusin"]) {
    place.addEventListener(each, () => (reader.touched = true), { once: true, passive: true });
    addEventListener(each, sign, { passive: true });
  }
  setTimeout(() => (reader.touched = true), LOOKED_AT);
  reader.still = new Still(place, reader);
  addEventListener("pointermove", (event) => (reader.pointer = { x: event.clientX, y: event.clientY }), { passive: true });
  document.documentElement.addEventListener("pointerleave", () => (reader.pointer = null));
  return reader;
}

// A slice at a time, each in its place and painted before the next: what many pods changed never keeps a reader waiting. What
// changes in two places at once is made up for in one of them, so while someone reads each place has a slice of its own.
export async function put(place, { fragments, lineups }, reader) {
  const waiting = [...fragments];
  const swaps = [];
  let ordered = lineups.length === 0;
  while (waiting.length || !ordered) {
    const still = reader.touched ? reader.still : null;
    still?.begin(waiting.slice(0, MOST_MEASURED).map((each) => document.getElementById(each.id)));
    if (waiting.length) {
      const until = performance.now() + SLICE;
      do swaps.push(swapIn(place, waiting.shift()));
      while (waiting.length && performance.now() < until && !still?.pushed());
      still?.takeIn([]);
    } else {
      ordered = true;
      if (still) still.takeIn(lineups);
      else for (const lineup of lineups) lineUp(lineup);
    }
    applyFolds();
    refreshTimes(place);
    oneStopEach();
    still?.end();
    if (waiting.length || !ordered) await painted();
  }
  tellNews();
  await Promise.all(swaps);
  markTitle();
}

const later = (ms) => new Promise((done) => setTimeout(done, ms));

// nothing is painted in a tab that nobody sees
async function painted() {
  if (document.hidden) return later(0);
  await Promise.race([new Promise(requestAnimationFrame), later(100)]);
  return later(0);
}

// what it changes it changes at once; only its events come later
function swapIn(place, { id, in: within, html }) {
  const present = document.getElementById(id);
  const target = present ?? document.getElementById(within);
  if (!target) return null;
  const swap = present ? "outerMorph" : "place" in target.dataset ? "innerHTML" : "beforeend";
  return globalThis.htmx.swap({ text: html, target, swap, sourceElement: place });
}

// Trouble comes first on a page that nobody reads yet.
function lineUp({ id, ids }) {
  const list = document.getElementById(id);
  if (!list) return;
  const wanted = new Set(ids);
  for (const child of [...list.children]) if (!wanted.has(child.id)) child.remove();
  let at = list.firstElementChild;
  for (const each of ids) {
    const child = document.getElementById(each);
    if (child === at) at = at?.nextElementSibling;
    else if (child) list.insertBefore(child, at);
  }
}

function tell(words) {
  const line = document.getElementById("line-state");
  line.textContent = words;
  line.hidden = !words;
}
