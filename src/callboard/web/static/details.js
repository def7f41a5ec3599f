// Where a page or drawer shows a log or an object, what keeps it going is fetched: most pages have neither.
import { onDemand } from "./on_demand.js";

let ends = [];

// `reopen(url)` shows another log in its place
export async function setUpDetails(within, reopen) {
  endDetails();
  const log = within.querySelector("[data-log]");
  const object = within.querySelector("article.object-view:not(.log-page)");
  const [logs, objects] = await Promise.all([
    log && onDemand("log", () => log.isConnected),
    object && onDemand("object", () => object.isConnected),
  ]);
  if (log?.isConnected && logs) ends.push(logs.setUpLog(log, reopen));
  if (object?.isConnected && objects) ends.push(objects.setUpObject(object));
}

export function endDetails() {
  for (const end of ends) end();
  ends = [];
}
