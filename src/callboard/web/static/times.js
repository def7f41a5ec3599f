// Ages go on while a page stands open; the exact time on hover is the reader's own.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export function setUpTimes() {
  document.addEventListener("pointerover", (event) => {
    const time = event.target.closest?.("time[datetime]");
    if (time) time.title = new Date(time.dateTime).toLocaleString();
  });
  refreshTimes(document); // clocks came as the server's
  setInterval(() => refreshTimes(document), 30_000);
}

// what the server sends was perhaps rendered a while ago, for someone else
export function refreshTimes(within) {
  for (const time of within.querySelectorAll("time[data-age], time[data-ago]")) {
    const passed = age((Date.now() - new Date(time.dateTime)) / 1000);
    const text = "ago" in time.dataset && passed !== "just now" ? `${passed} ago` : passed;
    if (time.textContent !== text) time.textContent = text;
  }
  for (const time of within.querySelectorAll("time[data-clock]")) {
    const text = clock(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

// a moment of today as the reader's clock has it, of another day with the day
function clock(moment) {
  const today = moment.toDateString() === new Date().toDateString();
  const form = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(undefined, form).format(moment);
}

// the same words as callboard.web.times.age
export function age(seconds) {
  const passed = Math.floor(seconds);
  if (passed < 5) return "just now";
  if (passed < MINUTE) return `${passed} s`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) {
    const hours = Math.floor(passed / HOUR);
    const minutes = Math.floor((passed % HOUR) / MINUTE);
    return minutes && hours < 6 ? `${hours} h ${minutes} min` : `${hours} h`;
  }
  return `${Math.floor(passed / DAY)} d`;
}
