// Statements for which PostgreSQL in WebAssembly lacks a library, in the shadow.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCatalog } from '../../lib/catalog/read.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { loadFiles } from '../../lib/shadow/load.ts';
import { openShadow } from '../../lib/shadow/open.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { parseSql } from '../../lib/sql/parse.ts';
import { freshCache } from '../project/cache.ts';

let folder: string;
let shadow: Shadow;

beforeAll(async () => {
  folder = await freshCache();
  shadow = await openShadow({ cacheDir: folder, url: null });
});
afterAll(async () => {
  await shadow.close();
  await rm(folder, { recursive: true });
});

test('what needs a library that is not there is done by hand', async () => {
  await shadow.state(async (connection) => {
    const text = `create schema s; create conversion s.c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
      create subscription a connection 'host=x' publication p, "Q" with (connect = false, slot_name = none, binary, streaming = off);
      create subscription b connection 'host=x' publication p with (slot_name = 'b_b', origin = none, two_phase = 1, create_slot = false);
      alter subscription a connection 'host=y'; comment on subscription a is 'a'; comment on conversion s.c is 'c';`;
    await loadFiles(connection, [await parseSql('a.sql', text)]);
    const { facts } = await readCatalog(connection, kinds);
    expect(facts.get('subscription:a')?.payload).toMatchObject({
      connection: 'host=y',
      publications: ['Q', 'p'],
      enabled: false,
      slot: null,
      binary: true,
      streaming: 'off',
      twoPhase: false,
      origin: 'any',
    });
    expect(facts.get('subscription:b')?.payload).toMatchObject({
      enabled: true,
      slot: 'b_b',
      streaming: null,
      twoPhase: true,
      origin: 'none',
    });
    const conversion = facts.get('conversion:s.c');
    expect(conversion?.payload).toMatchObject({ from: 'LATIN1', into: 'UTF8' });
    for (const id of ['comment:@subscription:a', 'comment:@conversion:s.c'])
      expect(facts.has(id), id).toBe(true);
    await expect(connection.execute('drop schema s')).rejects.toThrow();
  });
});
