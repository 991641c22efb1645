// The code that the page runs in a browser: its own, and pure code of lib/.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { imports, type Source, sources } from '../house/sources.ts';

test('the page runs its own code, preact, and pure code of lib/', () => {
  const byPath = new Map(sources('lib', 'web').map((source) => [source.path, source]));
  const reached = new Set<Source>();
  const reach = (source: Source) => {
    if (reached.has(source)) return;
    reached.add(source);
    for (const { from, typesOnly } of imports(source)) {
      const next = byPath.get(posix.join(posix.dirname(source.path), from));
      if (!typesOnly && next !== undefined) reach(next);
    }
  };
  for (const source of byPath.values()) if (source.room === 'web') reach(source);
  const rooms = new Set([...reached].map(({ room }) => room));
  expect(rooms.has('report')).toBe(true);
  expect(rooms.has('service')).toBe(false);
  const foreign = [...reached].flatMap((source) =>
    imports(source)
      .filter(({ from, typesOnly }) => !typesOnly && !/^(\.|preact(\/hooks)?$)/.test(from))
      .map(({ from, line }) => `${source.path}:${line} imports ${from}`),
  );
  expect(foreign).toEqual([]);
});
