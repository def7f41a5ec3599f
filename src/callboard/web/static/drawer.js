// Links marked data-drawer open beside the tab. The address is pushed, so that Back closes and a colleague can be sent it.
import { endDetails, setUpDetails } from "./details.js";
import { showProgress } from "./progress.js";
import { refreshTimes } from "./times.js";

let drawer = null;
let content = null;
let opener = null;
let depth = 0; // how many drawer addresses lie on top of the tab's own in the history
let newest = 0;

export function setUpDrawer() {
  toTheEnd(document);
  drawer = document.getElementById("drawer");
  content = document.getElementById("drawer-content");
  if (!drawer) return; // a page without a drawer: the links lead to whole pages
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (event.target.closest("[data-close]")) drawer.close();
    const link = event.target.closest("a[data-drawer]");
    if (!link) return;
    event.preventDefault();
    if (!drawer.open) opener = link;
    open(link.href, true, "flick" in link.dataset && drawer.open);
  });
  drawer.addEventListener("close", () => {
    newest += 1; // what is still under way is no longer wanted
    endDetails();
    content.replaceChildren();
    restoreFocus();
    if (depth) history.go(-depth);
  });
  addEventListener("popstate", (event) => {
    depth = event.state?.drawer ?? 0;
    if (depth) open(location.href, false);
    else if (drawer.open) drawer.close();
  });
  if (history.state?.drawer) history.replaceState(null, ""); // a reload made the drawer's address a page of its own
}

// of what is flicked through, one address stands in the history
// after a log was asked for otherwise, who did it is where they were
async function open(url, push, flicked = false, field = "") {
  const mine = ++newest;
  const known = drawer.open;
  if (!known) {
    say("Asking the cluster…");
    drawer.showModal();
  }
  if (flicked) history.replaceState(history.state, "", url);
  else if (push) history.pushState({ drawer: ++depth }, "", url);
  let html;
  try {
    html = await showProgress(fetchPart(url));
  } catch (error) {
    html = null;
    console.warn("drawer", error);
  }
  if (mine !== newest) return;
  endDetails();
  if (html === null) failed("Callboard did not answer. Close this and try again.");
  else if (typeof html === "string") content.innerHTML = html; // our own server's, escaped there
  else failed(html.error.message);
  drawer.scrollTop = 0;
  refreshTimes(content);
  toTheEnd(content);
  setUpDetails(content, (other, name) => {
    history.replaceState(history.state, "", other);
    open(other, false, false, name);
  });
  const places = [field && `form [name="${CSS.escape(field)}"]`, flicked && "[data-flicked]", "h2"].filter(Boolean);
  places.map((place) => content.querySelector(place)).find(Boolean)?.focus();
}

// the last lines of a log are the ones that tell
function toTheEnd(within) {
  for (const log of within.querySelectorAll("pre.log")) {
    const first = log.querySelector("[data-first]");
    log.scrollTop = first ? first.offsetTop - log.offsetTop - log.clientHeight / 2 : log.scrollHeight;
  }
}

async function fetchPart(url) {
  const headers = { "X-Callboard-Drawer": "1", Accept: "application/json" }; // errors as JSON, content as HTML
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
  return response.ok ? response.text() : response.json();
}

function failed(message) {
  const title = document.createElement("h2");
  title.tabIndex = -1;
  title.textContent = "This could not be shown";
  say(message, title);
}

// words in place of content: on a narrow screen there is nothing beside the drawer, and no Esc key, so it can be closed here
function say(message, ...above) {
  const words = document.createElement("p");
  words.setAttribute("role", "status");
  words.textContent = message;
  const said = document.createElement("div");
  said.append(...above, words);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.dataset.close = "";
  close.textContent = "Close";
  const head = document.createElement("header");
  head.className = "drawer-head";
  head.append(said, close);
  content.replaceChildren(head);
}

function restoreFocus() {
  // the link may have been redrawn while the drawer was open
  const target = opener?.isConnected ? opener : opener?.id ? document.getElementById(opener.id) : null;
  // what it led to may be gone, and the link with it
  (target ?? document.getElementById("main"))?.focus({ preventScroll: true });
  opener = null;
}
