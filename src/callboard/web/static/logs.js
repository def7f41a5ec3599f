// Where a page or drawer shows a log, what keeps it going is fetched: most pages have none.
let stop = null;

// `reopen(url)` shows another log in its place
export async function setUpLogs(within, reopen) {
  endLogs();
  const root = within.querySelector("[data-log]");
  if (!root) return;
  const { setUpLog } = await import("./log.js");
  if (root.isConnected) stop = setUpLog(root, reopen);
}

export function endLogs() {
  stop?.();
  stop = null;
}
