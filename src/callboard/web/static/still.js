// What is read keeps its place. One thing on the page is the hold: what the pointer or the focus is on, else the first line of a
// list in sight. What stands before it may grow and shrink, and scrolling makes up for it; what stands at it or after it, and in
// sight, keeps its size, what is too much for it scrolls inside, until its reader presses it or it is out of sight. A list after
// the hold takes nothing new in. Where nobody has looked yet nothing is held, and trouble comes first.
const ROOMS = ["trouble-block", "other-troubles"]; // what holds the room it had, so that what stands below it stays
const IDLE = 120_000; // so long without a sign nobody reads: a page that stood at its top shows its top again

export class Still {
  #place;
  #reader;
  #hold = null;
  #top = 0;
  #scrolled = 0;
  #boxes = new Map(); // element → its height before
  #rooms = new Map(); // id → its height before
  #there = new Map(); // list → what was in it
  #orders = new Map(); // list → ids in the order in which they are wanted

  constructor(place, reader) {
    this.#place = place;
    this.#reader = reader;
    document.documentElement.style.overflowAnchor = "none"; // two that make up for the same are one too many
  }

  // before the page is changed; `changing` are the elements that will be
  begin(changing) {
    for (const box of this.#place.querySelectorAll(".kept-size")) if (!inSight(box)) letGo(box);
    this.#hold = held(this.#place, this.#reader.pointer);
    this.#top = this.#hold?.getBoundingClientRect().top ?? 0;
    this.#scrolled = scrollY;
    for (const room of this.#place.querySelectorAll(".left")) if (!inSight(room)) room.remove();
    this.#boxes = new Map(
      changing.filter((each) => each && inSight(each)).map((each) => [each, { height: each.offsetHeight, wide: each.classList.contains("wide-card") }]),
    );
    this.#rooms = new Map(ROOMS.map((id) => [id, document.getElementById(id)]).map(([id, each]) => [id, each && inSight(each) ? each.offsetHeight : 0]));
    this.#there = new Map([...this.#place.querySelectorAll("[data-keep-order]")].map((list) => [list, new Set([...list.children])]));
  }

  // whether what was changed so far has pushed what is read
  pushed() {
    return Boolean(this.#hold) && Math.abs(this.#hold.getBoundingClientRect().top - this.#top) >= 0.5;
  }

  // what went from the lists, and what came to their ends; what has to wait for the hold to move on waits unseen
  takeIn(lineups) {
    for (const { id, ids } of lineups) {
      const list = document.getElementById(id);
      const wanted = new Set(ids);
      for (const child of [...(list?.children ?? [])]) if (child.id && !wanted.has(child.id)) this.#leave(child);
      if (list) this.#orders.set(list, ids);
    }
    for (const [list, there] of this.#there) {
      const turn = lineups.some((each) => each.id === list.id);
      const can = !inSight(list) || !this.#hold || list.contains(this.#hold) || isBefore(list, this.#hold);
      const fresh = [...list.children].filter((each) => !there.has(each) || each.hasAttribute("data-late"));
      const may = can && (turn || !fresh.some((each) => !there.has(each)));
      for (const child of fresh) {
        child.toggleAttribute("data-late", !may);
        if (may) this.#settle(list, child);
      }
    }
  }

  // where it belongs, if that is before the hold; else first of all, and best where something has left room
  #settle(list, child) {
    const ids = this.#orders.get(list) ?? [];
    const room = [...list.children].find((each) => each.matches(".left"));
    if (room) return room.replaceWith(child);
    const before = ids.slice(0, Math.max(0, ids.indexOf(child.id))).reverse();
    const after = before.map((id) => document.getElementById(id)).find((each) => each?.parentElement === list);
    const at = after && this.#hold && isBefore(after, this.#hold) ? after.nextElementSibling : list.firstElementChild;
    if (at !== child) list.insertBefore(child, at);
  }

  // what goes from before the eyes of a reader leaves its room behind
  #leave(child) {
    if (!inSight(child)) return child.remove();
    const room = document.createElement("div");
    room.className = "left";
    room.style.blockSize = `${child.getBoundingClientRect().height}px`;
    if (child.contains(this.#hold)) this.#hold = room;
    child.replaceWith(room);
  }

  end() {
    for (const [id, height] of this.#rooms) {
      const room = document.getElementById(id);
      if (room && room.offsetHeight < height) room.style.minBlockSize = `${height}px`;
    }
    for (const [box, before] of this.#boxes) {
      if (!box.isConnected) continue;
      if (before.wide !== box.classList.contains("wide-card")) box.classList.toggle("wide-card", before.wide);
      if (box.offsetHeight === before.height || (this.#hold && !box.contains(this.#hold) && isBefore(box, this.#hold))) continue;
      keep(box, before.height);
    }
    if (!this.#hold?.isConnected) return;
    const moved = this.#hold.getBoundingClientRect().top - this.#top;
    if (Math.abs(moved) < 0.5) return;
    this.#makeRoom(moved);
    scrollBy({ top: moved, behavior: "instant" });
    const left = this.#hold.getBoundingClientRect().top - this.#top;
    // at the top of the page there is nothing to scroll back to: what shrank keeps its room
    if (left < -0.5) this.#fill(-left);
    if (this.#scrolled < 4 && Date.now() - this.#reader.seen > IDLE) requestAnimationFrame(() => scrollTo({ top: 0, behavior: "instant" }));
  }

  // so that the end of a page can be scrolled as far
  #makeRoom(by) {
    const style = this.#place.style;
    const kept = parseFloat(style.paddingBlockEnd) || 0;
    const height = document.documentElement.scrollHeight - kept;
    const wanted = Math.max(0, Math.ceil(scrollY + by + innerHeight - height));
    if (wanted !== kept) style.paddingBlockEnd = wanted ? `${wanted}px` : "";
  }

  #fill(height) {
    const above = [...this.#boxes.keys()].filter((each) => each.isConnected && isBefore(each, this.#hold));
    const box = above.find((each) => each.offsetHeight < this.#boxes.get(each).height) ?? above[0];
    if (box) box.style.minBlockSize = `${box.offsetHeight + height}px`;
  }
}

// pressed by its reader: it may be as large as it is
document.addEventListener("click", ({ target }) => letGo(target.closest?.(".kept-size")));

function keep(box, height) {
  if (box.scrollHeight <= height && box.offsetHeight < height) {
    box.style.minBlockSize = `${height}px`; // it shrank
    box.classList.add("kept-size");
    return;
  }
  box.style.blockSize = `${height}px`;
  box.classList.add("kept-size");
}

function letGo(box) {
  if (!box) return;
  box.classList.remove("kept-size");
  box.style.blockSize = box.style.minBlockSize = "";
}

function isBefore(one, other) {
  return Boolean(one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) && !one.contains(other);
}

function inSight(element) {
  const box = element.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && box.height > 0;
}

function held(place, pointer) {
  const focused = document.activeElement;
  if (focused && focused !== place && place.contains(focused) && inSight(focused)) return focused;
  const under = pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest("[id]");
  if (under && place !== under && place.contains(under)) return under;
  return [...place.querySelectorAll("[data-keep-order] > *")].find(inSight) ?? null;
}
