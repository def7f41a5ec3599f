// The title of the browser's tab says when something breaks: the first sign of it that somebody in another tab sees.
const MARKS = { down: "● ", degraded: "◐ " }; // the same as callboard.web.words.ALARMS

export function markTitle() {
  const told = document.querySelector("[data-alarm]");
  if (!told) return;
  const bare = document.title.replace(/^[●◐] /, "");
  const title = (MARKS[told.dataset.alarm] ?? "") + bare;
  if (document.title !== title) document.title = title;
}
