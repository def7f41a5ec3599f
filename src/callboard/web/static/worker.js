// The one stream of all tabs of this browser: over HTTP/1.1 a browser has six connections to a host, and a page needs some.
// A tab gets its next update when it has put the last one in place; what comes meanwhile is merged, so that a tab that
// sleeps costs no more than one page.
import { Stream } from "./stream.js";

const MOST_LINES = 20_000; // of a log that wait for a tab
const MOST = 32; // topics of one stream, as the server bounds them
const tabs = new Map(); // name → Tab
let count = 0;
const stream = new Stream((name, message) => tabs.get(name)?.receive(message));

class Tab {
  constructor(port) {
    this.port = port;
    this.name = String(++count);
    this.busy = false;
    this.waiting = null; // an update not yet passed on
  }

  receive(message) {
    if (message.kind === "update" && this.busy) this.waiting = merged(this.waiting, message);
    else if (message.kind === "end" && this.waiting) this.waiting.last = true;
    else this.pass(message);
  }

  pass(message) {
    if (message.kind === "update") this.busy = true;
    this.port.postMessage({ ...message, topic: this.topic });
  }

  placed() {
    this.busy = false;
    const { waiting } = this;
    this.waiting = null;
    if (waiting) this.pass(waiting);
    if (waiting?.last) this.pass({ kind: "end" });
  }

  join({ topic, have }) {
    if (topic !== this.topic) {
      this.leave();
      this.name = String(++count); // what still comes for the topic before is nobody's
    }
    this.topic = topic;
    this.seen = Date.now();
    this.busy = false;
    this.waiting = null;
    tabs.set(this.name, this);
    stream.add(this.name, topic, have);
    const oldest = [...tabs.values()].sort((one, other) => one.seen - other.seen);
    for (const tab of oldest.slice(0, Math.max(0, tabs.size - MOST))) {
      tab.leave();
      tab.pass({ kind: "state", state: "crowded" });
    }
  }

  leave() {
    tabs.delete(this.name);
    stream.remove(this.name);
  }
}

function merged(before, after) {
  if (!before) return after;
  const byId = (list) => list.map((each) => [each.id, each]);
  const both = (key) => [...new Map([...byId(before[key]), ...byId(after[key])]).values()];
  const log = after.log && mergedLog(before.log, after.log);
  return { kind: "update", fragments: both("fragments"), lineups: both("lineups"), ...(log && { log }) };
}

// what comes of a log is added up
function mergedLog(before, after) {
  const rows = [...before.rows, ...after.rows];
  const lost = Math.max(0, rows.length - MOST_LINES);
  return {
    ...after,
    rows: rows.slice(lost),
    sources: [...before.sources, ...after.sources],
    dropped: before.dropped + after.dropped + lost,
    said: [...before.said, ...after.said].slice(-50),
    have: { ...before.have, ...after.have },
  };
}

globalThis.onconnect = ({ ports: [port] }) => {
  const tab = new Tab(port);
  port.onmessage = ({ data }) => {
    tab.seen = Date.now();
    if (data.do === "join") tab.join(data);
    else if (data.do === "leave") tab.leave();
    else if (data.do === "placed") tab.placed();
    else if (data.do === "locked") navigator.locks.request(data.lock, () => tab.leave()).catch(() => {});
    else if (data.do === "wake") stream.wake(data.quietFor);
  };
};
