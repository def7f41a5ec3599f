// The same lists as Node reads them: whole body, JSON.parse, JSON.stringify. One round for each line of stdin.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

const agents = { "http:": new http.Agent({ keepAlive: true }), "https:": undefined };

function get(url, ca) {
  if (url.protocol === "https:") agents["https:"] ??= new https.Agent({ keepAlive: true, ca: readFileSync(ca) });
  const client = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const asked = client.get(url, { agent: agents[url.protocol] }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => resolve(Buffer.concat(pieces)));
      answer.on("error", reject);
    });
    asked.on("error", reject);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const settings = JSON.parse(line);
  const cpu = process.cpuUsage();
  const wall = performance.now();
  let texts = [];
  let count = 0;
  let bytes = 0;
  for (const base of settings.urls) {
    let token = "";
    do {
      const next = token ? `&continue=${encodeURIComponent(token)}` : "";
      const body = await get(new URL(`${base}/api/v1/pods?limit=500${next}`), settings.ca);
      const list = JSON.parse(body.toString("utf8"));
      texts.push(JSON.stringify(list));
      count += list.items.length;
      bytes += body.length;
      token = list.metadata.continue ?? "";
    } while (token);
  }
  const used = process.cpuUsage(cpu);
  const round = { cpu: (used.user + used.system) / 1e6, wall: (performance.now() - wall) / 1e3, count, bytes };
  texts = [];
  process.stdout.write(JSON.stringify(round) + "\n");
}
