// Reads each file named on standard input (a JSON list) with npm's `yaml`, as Backstage does, and prints what it found.
// argv[2]: the folder node_modules. A document is {value} or {error: true}; empty documents are left out.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const yaml = createRequire(path.join(process.argv[2], 'x.js'))('yaml');

const tell = (value) => {
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '0' : String(value) };
  if (Array.isArray(value)) return { list: value.map(tell) };
  if (value instanceof Uint8Array || value instanceof Date) return { other: value.constructor.name };
  if (value && typeof value === 'object') return { map: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tell(v)])) };
  return value;
};

const read = (text) => {
  const found = [];
  for (const document of yaml.parseAllDocuments(text, { logLevel: 'silent' })) {
    if (document.errors.length > 0) {
      found.push({ error: true });
      continue;
    }
    try {
      const value = document.toJS();
      if (value !== null && value !== undefined) found.push({ value: tell(value) });
    } catch {
      found.push({ error: true });
    }
  }
  return found;
};

const files = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(files.map((file) => read(readFileSync(file, 'utf8')))));
