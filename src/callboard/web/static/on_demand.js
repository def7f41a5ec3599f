// A part of the page that is fetched when it is first needed. While Callboard cannot be reached, it is asked for again every few
// seconds, by another address each time: a browser may keep the failure of one. Null once nobody wants it any more.
const PAUSES = [500, 1000, 2000, 4000, 8000];

export async function onDemand(name, wanted = () => true) {
  for (let attempt = 0; wanted(); attempt += 1) {
    try {
      return await import(`./${name}.js${attempt ? `?again=${attempt}` : ""}`);
    } catch {
      await new Promise((done) => setTimeout(done, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
    }
  }
  return null;
}
