// Lines of a log, of which only those in sight are elements: a hundred thousand cost no more to draw than a hundred.
const MOST = 100_000; // lines that are kept
const MOST_CHARACTERS = 24_000_000; // of all of them: a browser's elements have no end beyond 30 million pixels
const GIVEN = 5_000; // lines that are let go at once
const AROUND = 15; // lines drawn above and below what is in sight
const MOST_DRAWN = 400; // also of a selection that goes further
const LATE = 300; // lines at the end that one may come before
const SLICE = 4_000; // lines that are looked through in one step
const CUT = 4_000; // characters of a line that is drawn
const SHAPES = "●■▲◆▼★✚◐";
const MARKS = { trace: "·", debug: "○", info: "●", warn: "◆", error: "▲", fatal: "■" };

export class LogList {
  all = 0; // lines that are kept
  given = 0; // lines that were let go
  unseen = 0; // lines that came below while somebody reads above
  onmove = () => {};
  onchoose = () => {};
  #rows = [];
  #shown = []; // the numbers of those that are to be seen; all of them where nothing is filtered
  #filtered = false;
  #tops = [0]; // of each that is to be seen, and the end of the last
  #characters = 0;
  #sources = [];
  #drawn = new Map(); // number in #shown → element
  #active = -1; // in #rows: the line that an address names
  #stuck = true; // the end stays in sight
  #top = 0; // how far down it stood last
  #wrap = true;
  #begun = false;
  #frame = 0;

  constructor(list, root) {
    this.box = list;
    this.root = root;
    this.space = document.createElement("div");
    this.space.className = "log-space";
    this.window = document.createElement("div");
    this.window.className = "log-window";
    this.space.append(this.window);
  }

  get shown() {
    return this.#shown.length;
  }

  label(sources) {
    const onePod = new Set(sources.map(({ pod }) => pod)).size < 2;
    this.#sources = sources.map(({ pod, container }, number) => {
      const own = pod.length > 12 ? pod.split("-").at(-1) : pod;
      return { mark: SHAPES[number % SHAPES.length], hue: number % SHAPES.length, short: onePod ? container : `${own}/${container}`, whole: `${pod}/${container}` };
    });
  }

  // in place of the lines that came with the page
  begin(wrap, at) {
    this.#wrap = wrap;
    const box = document.createElement("div");
    for (const { name, value } of this.box.attributes) box.setAttribute(name, value);
    box.setAttribute("role", "listbox");
    box.classList.add("drawn");
    box.append(this.space);
    this.box.replaceWith(box);
    this.box = box;
    this.#begun = true;
    this.#measure();
    this.#rebuild();
    box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("click", (event) => {
      const when = event.target.closest(".at");
      if (when) this.#choose(Number(when.parentElement.dataset.number) - this.given);
    });
    this.sizes = new ResizeObserver(() => {
      if (this.#measure()) this.#rebuild();
      this.#soon();
    });
    this.sizes.observe(box);
    if (at >= 0) {
      this.#active = at;
      this.#stuck = false;
      this.#intoSight(at);
    } else {
      this.toTheEnd();
    }
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.sizes?.disconnect();
  }

  // `passes` says which of them are to be seen, where that is not all
  add(rows, passes) {
    [rows, passes] = this.#inOrder(rows, passes);
    const from = this.#rows.length;
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n];
      this.#rows.push(row);
      this.#characters += row[3].length;
      if (passes && !passes[n]) continue;
      this.#shown.push(from + n);
      this.#tops.push(this.#tops.at(-1) + this.#height(row));
      if (!this.#stuck) this.unseen += 1;
    }
    this.all = this.#rows.length;
    this.#bound();
    if (!this.#begun) return;
    this.#size();
    this.#soon();
  }

  // of several containers a line may come a little later than one that was written after it
  #inOrder(rows, passes) {
    if (this.#sources.length < 2 || !rows.length || !this.#begun) return [rows, passes];
    const first = rows.reduce((least, [at]) => (at && at < least ? at : least), "~");
    let from = this.#rows.length;
    while (from > 0 && this.#rows.length - from < LATE && (this.#rows[from - 1][0] || "~") > first) from -= 1;
    if (from === this.#rows.length) return [rows, passes];
    const late = this.#rows.splice(from);
    const seen = this.#shown.findLastIndex((number) => number < from) + 1;
    const stood = new Set(this.#shown.splice(seen));
    this.#tops.length = seen + 1;
    for (const [n, element] of this.#drawn) {
      if (n < seen) continue;
      element.remove();
      this.#drawn.delete(n);
    }
    for (const [, , , text] of late) this.#characters -= text.length;
    const all = [
      ...late.map((row, n) => [row, !this.#filtered || stood.has(from + n)]),
      ...rows.map((row, n) => [row, !passes || passes[n]]),
    ];
    let before = "";
    const keyed = all.map((each) => [each[0][0] || before, (before = each[0][0] || before), each]);
    keyed.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    if (!this.#stuck) this.unseen -= stood.size;
    return [keyed.map(([, , [row]]) => row), keyed.map(([, , [, passing]]) => passing)];
  }

  // those that pass, looked through in steps; false where something else is wanted meanwhile
  async choose(passes, still) {
    const shown = [];
    let from = 0;
    for (; from < this.#rows.length; from += SLICE) {
      if (from) await new Promise((done) => setTimeout(done));
      if (!still()) return false;
      const some = this.#rows.slice(from, from + SLICE);
      const found = passes?.(some);
      for (let n = 0; n < some.length; n++) if (!found || found[n]) shown.push(from + n);
    }
    this.#shown = shown;
    this.#filtered = Boolean(passes);
    this.#rebuild();
    if (this.#stuck) this.toTheEnd();
    this.#soon();
    return true;
  }

  wrap(on) {
    this.#wrap = on;
    this.root.dataset.wrap = on ? "1" : "0";
    const first = this.#shown[this.#at(this.box.scrollTop)] ?? 0;
    this.#measure();
    this.#rebuild();
    if (this.#stuck) this.toTheEnd();
    else this.#intoSight(first, 0);
  }

  toTheEnd() {
    this.#stuck = true;
    this.unseen = 0;
    this.#down();
    this.#soon();
    this.onmove();
  }

  #down() {
    this.box.scrollTop = this.box.scrollHeight;
    this.#top = this.box.scrollTop;
  }

  // how wide a character is, and how many of them stand beside one another
  #measure() {
    const ruler = document.createElement("span");
    ruler.className = "log-ruler";
    ruler.textContent = "0".repeat(50);
    this.window.append(ruler);
    const { width } = ruler.getBoundingClientRect();
    this.line = Number.parseFloat(getComputedStyle(ruler).lineHeight) || 20;
    ruler.remove();
    const columns = Math.max(20, Math.floor((this.box.clientWidth - 24) / (width / 50 || 8)));
    const changed = columns !== this.columns;
    this.columns = columns;
    return changed;
  }

  // about; what it is, is known when it is drawn
  #height([, source, level, text]) {
    if (!this.#wrap || !this.line) return this.line || 20;
    const before = 14 + (level ? 8 : 0) + (this.#sources.length > 1 ? (this.#sources[source]?.short.length ?? 0) + 3 : 0);
    return Math.ceil((Math.min(text.length, CUT) + before) / this.columns) * this.line;
  }

  #rebuild() {
    const tops = [0];
    let top = 0;
    for (const number of this.#shown) tops.push((top += this.#height(this.#rows[number])));
    this.#tops = tops;
    for (const element of this.#drawn.values()) element.remove();
    this.#drawn.clear();
    this.#size();
    this.#draw();
  }

  #size() {
    this.space.style.blockSize = `${this.#tops.at(-1)}px`;
  }

  // the oldest go where there are too many
  #bound() {
    if (this.#rows.length <= MOST && this.#characters <= MOST_CHARACTERS) return;
    const gone = Math.min(this.#rows.length - 1, GIVEN);
    for (const [, , , text] of this.#rows.splice(0, gone)) this.#characters -= text.length;
    const seen = this.#shown.findIndex((number) => number >= gone);
    const hidden = seen < 0 ? this.#shown.length : seen;
    const height = this.#tops[hidden];
    this.#shown = this.#shown.slice(hidden).map((number) => number - gone);
    this.#tops = this.#tops.slice(hidden).map((top) => top - height);
    this.#drawn = new Map(
      [...this.#drawn].flatMap(([n, element]) => {
        if (n >= hidden) return [[n - hidden, element]];
        element.remove();
        return [];
      }),
    );
    this.given += gone;
    this.all = this.#rows.length;
    this.#active = this.#active >= gone ? this.#active - gone : -1;
    this.#top = 0;
    if (this.#begun && !this.#stuck) this.box.scrollTop -= height;
    if (this.#characters > MOST_CHARACTERS || this.#rows.length > MOST) this.#bound();
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.box;
    // this may be told when more has come already: only who goes up leaves the end
    if (scrollTop + clientHeight >= scrollHeight - 2 * this.line) this.#stuck = true;
    else if (scrollTop < this.#top - 1) this.#stuck = false;
    this.#top = scrollTop;
    if (this.#stuck) this.unseen = 0;
    this.#soon();
    this.onmove();
  }

  #soon() {
    if (this.#frame || !this.#begun) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  // the number of what lies at this height
  #at(top) {
    let low = 0;
    let high = this.#shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tops[middle + 1] <= top) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #draw() {
    if (!this.#begun) return;
    const selected = this.#selected();
    if (this.#stuck && !selected) this.#down();
    const { scrollTop, clientHeight } = this.box;
    let first = Math.max(0, this.#at(scrollTop) - AROUND);
    let last = Math.min(this.#shown.length, this.#at(scrollTop + clientHeight) + AROUND);
    if (selected) {
      // what is selected stays, so that it is not lost
      const drawn = [...this.#drawn.keys()];
      if (drawn.length && Math.max(last, ...drawn) - Math.min(first, ...drawn) < MOST_DRAWN) {
        first = Math.min(first, ...drawn);
        last = Math.max(last, Math.max(...drawn) + 1);
      }
    }
    last = Math.min(last, first + MOST_DRAWN);
    for (const [n, element] of this.#drawn) {
      if (n >= first && n < last) continue;
      element.remove();
      this.#drawn.delete(n);
    }
    let before = null;
    const made = [];
    for (let n = first; n < last; n++) {
      let element = this.#drawn.get(n);
      if (!element) {
        element = this.#element(this.#rows[this.#shown[n]], this.#shown[n]);
        this.#drawn.set(n, element);
        made.push(n);
        if (before) before.after(element);
        else this.window.prepend(element);
      }
      element.classList.toggle("chosen", this.#shown[n] === this.#active);
      element.setAttribute("aria-selected", String(this.#shown[n] === this.#active));
      before = element;
    }
    this.window.style.translate = `0 ${this.#tops[first] ?? 0}px`;
    const active = this.#drawn.get(this.#shown.indexOf(this.#active));
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
    if (this.#wrap && made.length) this.#correct(made);
  }

  // what was drawn is as high as it is, and no longer as it was thought to be
  #correct(made) {
    let wrong = false;
    let above = 0;
    const line = this.#at(this.box.scrollTop);
    for (const [n, height] of made.map((n) => [n, this.#drawn.get(n).offsetHeight])) {
      const differs = height - (this.#tops[n + 1] - this.#tops[n]);
      if (Math.abs(differs) < 0.5) continue;
      for (let at = n + 1; at < this.#tops.length; at++) this.#tops[at] += differs;
      wrong = true;
      if (n < line) above += differs;
    }
    if (!wrong) return;
    this.#size();
    if (above && !this.#stuck) this.box.scrollTop += above;
    this.#soon();
  }

  #selected() {
    const selection = getSelection();
    return Boolean(selection && !selection.isCollapsed && this.window.contains(selection.anchorNode));
  }

  #element([at, source, level, text, spans = [], cut], number) {
    const row = document.createElement("div");
    row.role = "option";
    row.id = `log-line-${number + this.given}`;
    row.dataset.number = String(number + this.given);
    if (level) row.dataset.level = level;
    const part = (className, words, title) => {
      const made = document.createElement("span");
      made.className = className;
      made.textContent = words;
      if (title) made.title = title;
      row.append(made);
      return made;
    };
    if (at) part("at", `${clock(at)} `, `${new Date(at).toLocaleString()} (${at}). Click for a link to this line.`);
    const from = this.#sources.length > 1 ? this.#sources[source] : null;
    if (from) part("source", `${from.mark} ${from.short} `, from.whole).dataset.hue = String(from.hue);
    if (level && level !== "note") part("level", `${MARKS[level]} ${level} `);
    const shown = part("text", "");
    let end = 0;
    for (const [start, stop, style] of spans) {
      shown.append(text.slice(end, start));
      const styled = document.createElement("span");
      styled.className = style.split(" ").map((word) => `ansi-${word}`).join(" ");
      styled.textContent = text.slice(start, stop);
      shown.append(styled);
      end = stop;
    }
    shown.append(text.slice(end));
    if (cut) part("cut", " … (longer than is shown)");
    return row;
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.line) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#shown.length) return;
    if (event.key === "Enter" && this.#active >= 0) {
      this.#choose(this.#active);
    } else if (event.key in steps) {
      const present = this.#shown.indexOf(this.#active);
      const start = present < 0 ? this.#at(this.box.scrollTop + this.box.clientHeight / 2) : present;
      const next = Math.min(this.#shown.length - 1, Math.max(0, start + steps[event.key]));
      this.#active = this.#shown[next];
      this.#intoSight(this.#active);
      if (event.key === "End") this.toTheEnd();
    } else return;
    event.preventDefault();
  }

  #choose(number) {
    this.#active = number;
    this.#soon();
    const [at, , , text] = this.#rows[number] ?? [];
    if (at) this.onchoose(`${at}~${crc(text)}`);
  }

  #intoSight(number, from = 0.4) {
    const n = Math.max(0, this.#shown.indexOf(number));
    const top = this.#tops[n];
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || this.#tops[n + 1] > scrollTop + clientHeight) {
      this.box.scrollTop = Math.max(0, top - clientHeight * from);
    }
    this.#draw();
  }
}

let second = "";
let words = "";

// by the reader's own clock
function clock(at) {
  if (at.slice(0, 19) !== second) {
    second = at.slice(0, 19);
    const moment = new Date(at);
    const two = (number) => String(number).padStart(2, "0");
    words = `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  }
  return words + at.slice(19, 23);
}

// as zlib.crc32 makes it of the same text
function crc(text) {
  let sum = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return (~sum >>> 0).toString(16).padStart(8, "0");
}
