// A log in its page or drawer: kept going by the stream, drawn as far as it is in sight, filtered as one types. Comes on demand.
import { chosenRows } from "./log_filter.js";
import { LogList } from "./log_list.js";
import { connect } from "./live.js";

const MOST_HELD = 20_000; // lines that wait while it is paused
const SLICE = 500; // lines of the page that are read in one step
const TYPING = 150;

const pause = () => new Promise((done) => setTimeout(done));

// `reopen(url)` shows another log in this one's place; what is returned ends all that goes on
export function setUpLog(root, show) {
  const reopen = (url) => show(url, root.contains(document.activeElement) ? document.activeElement.name : "");
  const list = new LogList(root.querySelector("[data-lines]"), root);
  const state = root.querySelector("[data-state]");
  const count = root.querySelector("[data-count]");
  const form = root.querySelector("form");
  const pauseButton = root.querySelector("[data-pause]");
  const newest = root.querySelector("[data-newest]");
  const topic = root.dataset.logTopic;
  const sources = JSON.parse(root.dataset.sources || "[]");
  let held = null; // news that came while it is paused
  let line = null;
  let over = false;
  let filtering = 0;
  let chosen = null;

  for (const part of root.querySelectorAll("[data-script]")) part.hidden = false;
  for (const part of root.querySelectorAll("[data-noscript]")) part.remove();
  list.label(sources);
  begin();

  async function begin() {
    const lines = [...root.querySelectorAll("[data-lines] > li")];
    const at = Number(root.dataset.line ?? -1);
    for (let from = 0; from < lines.length; from += SLICE) {
      if (from) await pause();
      if (over) return;
      list.add(lines.slice(from, from + SLICE).map(readRow));
    }
    list.begin(root.dataset.wrap !== "0", at);
    tally();
    if (!topic) return;
    line = connect((message) => !over && take(message));
    line.join(topic, JSON.parse(root.dataset.have || "{}"));
    say("Live");
    if (root.dataset.follow === "0") setPaused(true);
  }

  function take(message) {
    if (message.kind === "update") {
      try {
        if (held) hold(message.log);
        else put(message.log);
      } finally {
        line.placed();
      }
    } else if (message.kind === "state") {
      const words = { live: held ? "Paused" : "Live", lost: "The connection is lost; trying again", polling: "Renewed every few seconds" };
      say(words[message.state] ?? "No longer kept current");
    } else {
      line.leave();
      say(message.kind === "refused" ? message.message : "Ended");
    }
  }

  function put({ rows, sources: named, dropped, said, state: how }) {
    for (const [id, pod, container] of named) {
      if (!sources.some((each) => each.id === id)) sources.push({ id, pod, container });
    }
    if (named.length) list.label(sources);
    const numbers = new Map(sources.map(({ id }, number) => [id, number]));
    const come = rows.map(([at, id, ...rest]) => [at, numbers.get(id) ?? 0, ...rest]);
    if (dropped) come.unshift(note(`${dropped.toLocaleString()} lines came faster than they could be shown, and are left out.`));
    for (const words of said) if (how !== "waiting" || words !== said.at(-1)) come.push(note(words));
    if (come.length) list.add(come, pick(come));
    say(how === "waiting" ? said.at(-1) : how === "ended" ? "Ended" : "Live");
    tally();
  }

  // what stands in the page already is filtered with all that comes
  function pick(rows) {
    return chosen && chosenRows(rows, chosen);
  }

  function hold(news) {
    const lost = Math.max(0, held.rows.length + news.rows.length - MOST_HELD);
    held = {
      rows: [...held.rows, ...news.rows].slice(-MOST_HELD),
      sources: [...held.sources, ...news.sources],
      dropped: held.dropped + news.dropped + lost,
      said: [...held.said, ...news.said].slice(-50),
      state: news.state,
    };
    pauseButton.textContent = `Go on (${held.rows.length.toLocaleString()} new)`;
  }

  function setPaused(paused) {
    pauseButton.setAttribute("aria-pressed", String(paused));
    if (paused) {
      held = empty();
      pauseButton.textContent = "Go on";
      say("Paused");
    } else if (held) {
      const before = held;
      held = null;
      pauseButton.textContent = "Pause";
      list.toTheEnd();
      put(before);
    }
    address({ follow: paused ? "0" : "" });
  }

  function say(words) {
    if (state.textContent !== words) state.textContent = words;
    root.dataset.now = { Live: "live", Paused: "paused", Ended: "ended" }[words] ?? "other";
  }

  function tally() {
    const { all, shown, given } = list;
    const of = !shown && all ? `No line matches, of ${all.toLocaleString()}` : shown === all ? `${all.toLocaleString()} lines` : `${shown.toLocaleString()} of ${all.toLocaleString()} lines`;
    count.textContent = given ? `${of}; ${given.toLocaleString()} older ones are no longer kept here` : of;
    newest.hidden = !list.unseen;
    if (list.unseen) newest.textContent = `${list.unseen.toLocaleString()} new below`;
  }

  list.onmove = tally;
  list.onchoose = (name) => address({ line: name, follow: "" });

  function address(changes) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
    const download = root.querySelector("[data-download]");
    const file = new URL(url);
    file.searchParams.set("download", "1");
    download.href = file;
    // whoever asks for more lines is looking for the same
    for (const link of root.querySelectorAll(".log-earlier a")) {
      const more = new URL(link.href);
      for (const [name, value] of Object.entries(changes)) value ? more.searchParams.set(name, value) : more.searchParams.delete(name);
      link.href = more;
    }
  }

  async function filter(entered) {
    const mine = ++filtering;
    const { q, regex, level } = form.elements;
    const pattern = regex.checked && q.value;
    const words = root.querySelector("[data-filter-state]");
    words.textContent = pattern && !entered ? "Press Enter to look for this pattern." : "";
    if (pattern && !entered) return;
    address({ q: q.value, regex: pattern ? "1" : "", level: level.value, line: "" });
    // a pattern is the server's; and a page that was filtered has only what its own filter let through
    if (pattern || root.dataset.filtered) return reopen(location.href);
    const next = q.value || level.value ? { q: q.value, level: level.value, passing: new Map() } : null;
    if (!(await list.choose(next && ((rows) => chosenRows(rows, next)), () => mine === filtering && !over))) return;
    chosen = next;
    tally();
  }

  let typing = 0;
  form.addEventListener("input", ({ target }) => {
    clearTimeout(typing);
    if (target.name === "wrap") {
      list.wrap(target.checked);
      address({ wrap: target.checked ? "" : "0" });
    } else if (target.name === "q") {
      if (!root.dataset.filtered) typing = setTimeout(() => filter(false), TYPING);
    } else if (["regex", "level"].includes(target.name)) {
      filter(true);
    } else {
      submit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    filter(true);
  });
  function submit() {
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
    if (!form.elements.wrap.checked) url.searchParams.set("wrap", "0");
    else url.searchParams.delete("wrap");
    reopen(url.href);
  }
  pauseButton.addEventListener("click", () => setPaused(!held));
  newest.addEventListener("click", () => list.toTheEnd());
  pauseButton.hidden = !topic;

  return () => {
    over = true;
    line?.leave();
    list.stop();
  };
}

const empty = () => ({ rows: [], sources: [], dropped: 0, said: [], state: "live" });
const note = (words) => ["", -1, "note", words];

// a line of the page, as the stream would have sent it
function readRow(element) {
  const text = element.querySelector(".text");
  const spans = [];
  let at = 0;
  for (const part of text.childNodes) {
    const { length } = part.textContent;
    if (part.className) spans.push([at, at + length, part.dataset.style]);
    at += length;
  }
  const { at: when = "", source = "0", level = "", cut } = element.dataset;
  return [when, Number(source), level, text.textContent, spans, cut !== undefined];
}
