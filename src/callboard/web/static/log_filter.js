// Which lines pass: by text, and by how bad they say they are; the same rules as the server's (portal/logs/filtering.py). Patterns
// are the server's alone: a browser's engine can be made to hang by one.
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];

// `wanted`: {q, level, passing}; `passing` remembers, by source, whether lines that say no level go on from one that passed
export function chosenRows(rows, { q, level: asked, passing }) {
  const least = LEVELS.indexOf(asked);
  const text = q.toLowerCase();
  return rows.map(([, source, level, words]) => {
    if (level === "note") return true;
    if (least > 0) {
      if (level) passing.set(source, LEVELS.indexOf(level) >= least);
      if (!passing.get(source)) return false;
    }
    return !text || words.toLowerCase().includes(text);
  });
}
