// A sign for anything that takes over a second, and none for what does not.
const PATIENCE = 1000;
let pending = 0;
let timer = 0;

export async function showProgress(work) {
  begin();
  try {
    return await work;
  } finally {
    end();
  }
}

export function setUpProgress() {
  document.addEventListener("htmx:before:request", begin);
  document.addEventListener("htmx:finally:request", end);
}

function begin() {
  pending += 1;
  if (pending === 1) timer = setTimeout(() => sign(true), PATIENCE);
}

function end() {
  pending = Math.max(0, pending - 1);
  if (pending === 0) {
    clearTimeout(timer);
    sign(false);
  }
}

function sign(shown) {
  const progress = document.getElementById("progress");
  const host = document.querySelector("dialog[open]") ?? document.body;
  if (progress.parentElement !== host) host.append(progress); // what lies under a modal is not seen
  progress.hidden = !shown;
}
