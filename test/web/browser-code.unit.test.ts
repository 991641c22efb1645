// The code that the page runs in a browser: its own, and pure code of lib/.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { imports, type Source, sources } from '../house/sources.ts';

// The page is built for a browser. Code of lib/ that it runs must be pure; of the service it has types alone.
test('the page runs only code without effects', () => {
  const web = sources('web');
  const byPath = new Map([...sources('lib'), ...web].map((source) => [source.path, source]));
  const reached = new Map<string, string>();
  const reach = (source: Source) => {
    for (const { from, typesOnly } of imports(source)) {
      if (typesOnly || !from.startsWith('.')) continue;
      const path = posix.join(posix.dirname(source.path), from);
      if (reached.has(path)) continue;
      reached.set(path, source.path);
      const next = byPath.get(path);
      if (next !== undefined) reach(next);
    }
  };
  web.forEach(reach);
  const bound = [...reached.keys()].map((path) => byPath.get(path)).filter((source) => source !== undefined);
  expect(bound.some(({ room }) => room === 'report')).toBe(true);
  holds(bound, ({ room, ...source }) => {
    const packages = imports({ room, ...source }).filter(
      ({ from, typesOnly }) => !typesOnly && from[0] !== '.',
    );
    return packages
      .filter(({ from }) => !/^preact(\/hooks)?$/.test(from))
      .map(
        ({ from, line }) => `:${line} imports ${from}, and ${reached.get(source.path)} runs it in a browser`,
      );
  });
});
