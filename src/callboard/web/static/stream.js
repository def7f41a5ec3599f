// One connection to /live for several topics, kept up for as long as anything is wanted. Reading by fetch, not EventSource:
// what is held already goes along in the body, and a refusal's status tells a lost line from a session that has ended.
const HELLO_WITHIN = 6_000; // the server greets at once; whoever hears nothing has something in between that holds streams back
const SILENCE = 40_000; // the server says something every 15 s
const POLL = 10_000;
const STREAM_AGAIN = 180_000; // what held streams back may be gone: another network
const LIVE = new URL("../../live", import.meta.url); // beside static/, wherever people reach us: below a path, too
const BETWEEN = [1_000, 2_000, 5_000, 10_000, 20_000];
const TICK = 5_000;

const jitter = (ms) => ms * (0.7 + 0.6 * Math.random());

// tell(name, message): {kind: "update", fragments, lineups}, {kind: "end"}, {kind: "refused", message}; of the line itself
// {kind: "state", state}, where the state is "live", "lost", "polling" or "signed-out".
export class Stream {
  #tell;
  #wanted = new Map(); // name → {topic, have}
  #abort = null;
  #timer = 0;
  #failures = 0;
  #heard = Date.now();
  #ticked = Date.now();
  #heldBack = 0; // when it was last found that streams are held back; 0: they are not

  constructor(tell) {
    this.#tell = tell;
    setInterval(() => this.#tick(), TICK);
  }

  add(name, topic, have) {
    this.#wanted.set(name, { topic, have });
    this.#soon(50); // tabs that come together are asked for together
  }

  remove(name) {
    if (!this.#wanted.delete(name)) return;
    if (this.#wanted.size === 0) this.#stop();
    else this.#soon(2_000); // nobody waits for it: closing several tabs costs one new connection
  }

  // the machine or the tab slept, or the network came back: whether the line still stands is not known
  wake(quietFor = 0) {
    if (this.#wanted.size && Date.now() - this.#heard > quietFor) this.#soon(0);
  }

  #tick() {
    const now = Date.now();
    const slept = now - this.#ticked > TICK + 15_000;
    this.#ticked = now;
    if (slept || (this.#abort && now - this.#heard > SILENCE)) this.wake();
  }

  #soon(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), ms);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  async #open() {
    this.#stop();
    if (this.#wanted.size === 0) return;
    const once = Date.now() - this.#heldBack < STREAM_AGAIN;
    const abort = (this.#abort = new AbortController());
    const mine = () => this.#abort === abort;
    const line = { greeted: false, refused: 0 };
    this.#heard = Date.now();
    const patience = setTimeout(() => abort.abort("held back"), once ? 30_000 : HELLO_WITHIN);
    try {
      await this.#read(once, abort.signal, line, () => clearTimeout(patience));
    } catch {
      // cut, refused, or given up: what follows tells them apart
    }
    clearTimeout(patience);
    if (!mine()) return; // another one took its place
    this.#abort = null;
    if (line.refused) {
      this.#state("signed-out");
    } else if (!line.greeted && abort.signal.reason === "held back" && !once) {
      this.#heldBack = Date.now();
      this.#soon(0);
    } else if (line.greeted && once) {
      this.#failures = 0;
      this.#soon(jitter(POLL));
    } else {
      if (line.greeted) this.#failures = 0;
      else this.#state("lost");
      this.#soon(jitter(BETWEEN[Math.min(this.#failures, BETWEEN.length - 1)]));
      this.#failures += 1;
    }
  }

  async #read(once, signal, line, greeted) {
    const watch = [...this.#wanted].map(([name, { topic, have }]) => ({ as: name, topic, have }));
    const response = await fetch(LIVE, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" },
      body: JSON.stringify({ watch, once }),
      cache: "no-store",
      signal,
    });
    if ([401, 403].includes(response.status)) line.refused = response.status;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      if (signal.aborted) return;
      this.#heard = Date.now();
      const messages = (text + value).split("\n\n");
      text = messages.pop();
      for (const message of messages) {
        const [, event, data] = message.match(/^event: (.*)\ndata: (.*)$/) ?? [];
        if (!event) continue;
        if (event === "hello") {
          line.greeted = true;
          greeted();
          this.#heldBack = once ? this.#heldBack : 0;
          this.#state(once ? "polling" : "live");
        } else if (event === "bye") {
          line.refused = 401;
        } else {
          this.#take(event, JSON.parse(data));
        }
      }
    }
  }

  #take(event, { as: name, ...message }) {
    const wanted = this.#wanted.get(name);
    if (!wanted) return; // left meanwhile
    if (event === "update") wanted.have = held(wanted.have, message);
    else this.#wanted.delete(name);
    this.#tell(name, { kind: event, ...message });
  }

  #state(state) {
    for (const name of this.#wanted.keys()) this.#tell(name, { kind: "state", state });
  }
}

// what a page holds after an update
function held(have, { fragments, lineups, log }) {
  const now = { ...have, ...log?.have };
  for (const { id, tag } of [...fragments, ...lineups]) now[id] = tag;
  return now;
}
