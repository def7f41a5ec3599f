// Where a page or drawer shows a log or an object, what keeps it going is fetched: most pages have neither.
let ends = [];

// `reopen(url)` shows another log in its place
export async function setUpDetails(within, reopen) {
  endDetails();
  const log = within.querySelector("[data-log]");
  const object = within.querySelector("article.object-view:not(.log-page)");
  const [logs, objects] = await Promise.all([log && import("./log.js"), object && import("./object.js")]);
  if (log?.isConnected) ends.push(logs.setUpLog(log, reopen));
  if (object?.isConnected) ends.push(objects.setUpObject(object));
}

export function endDetails() {
  for (const end of ends) end();
  ends = [];
}
