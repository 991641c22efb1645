// data:sync of a part of the rows, and with masks: what the target may never get, and what stays in it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { dataSyncMarkdown, dataSyncText } from '../../lib/report/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';
import { rowsOf } from '../servers/databases.ts';
import { listChanges, withSynced } from './syncing.ts';

const paper = { width: 100, colour: false, now: new Date('2026-11-29T12:00:00Z') };
const users = `create table users (id int primary key, tenant int, name text);
  create table notes (id int primary key, by int references users, text text)`;

test.each([undefined, 2])('a condition takes part of the rows, batch %s', async (batch) => {
  const data = {
    tables: {
      users: { where: 'tenant = 1' },
      notes: { where: 'by in (select id from public.users where tenant = 1)' },
    },
  };
  const source = `insert into users values (1, 1, 'new'), (2, 1, 'b'), (3, 2, 'left'), (4, 2, 'other'), (5, 1, 'moved'),
      (6, 1, 'fresh'); insert into notes values (1, 1, 'x'), (4, 4, 'other'), (6, 6, 'y')`;
  // Row 3 leaves the condition, row 5 comes into it; 7 is of another tenant, 8 goes.
  const target = `insert into users values (1, 1, 'old'), (2, 1, 'b'), (3, 1, 'left'), (5, 2, 'moved'), (7, 2, 'own'),
      (8, 1, 'gone'); insert into notes values (7, 7, 'own'), (8, 8, 'gone')`;
  const input = { force: true, ...(batch && { batch }) };
  await withSynced({ both: users, source, target, data, input }, async (pair) => {
    const report = await pair.sync();
    expect(report.run).toMatchObject({ skipped: 0, sideEffects: [] });
    expect(await rowsOf(pair.target.url, 'select * from users order by id')).toEqual([
      { id: 1, tenant: 1, name: 'new' },
      { id: 2, tenant: 1, name: 'b' },
      { id: 5, tenant: 1, name: 'moved' },
      { id: 6, tenant: 1, name: 'fresh' },
      { id: 7, tenant: 2, name: 'own' },
    ]);
    expect(await rowsOf(pair.target.url, 'select id, text from notes order by id')).toEqual([
      { id: 1, text: 'x' },
      { id: 6, text: 'y' },
      { id: 7, text: 'own' },
    ]);
    expect(listChanges(await pair.sync())).toEqual({});
  });
});

test.each([undefined, 2])(
  'the target, its undo file and the reports have masks only, batch %s',
  async (batch) => {
    const secret = 'ann@secret.example';
    const both = `create table people (id int primary key, email text, note text unique);
    create table pairs (email text, n int)`;
    const source = `insert into people values (1, '${secret}', 'n1 ${secret}'), (2, 'bob@secret.example', 'n2 ${secret}'), (3, null, null);
    insert into pairs values ('${secret}', 1), ('${secret}', 1)`;
    const root = mkdtempSync(join(tmpdir(), 'pgmage-masked-'));
    const masks = { 'people.email': '@email', 'pairs.email': '@hash' };
    try {
      await withSynced({ both, source }, async ({ source: from, target: to }) => {
        await using workspace = contextOf(from.url, to.url, { root, masks });
        const input = {
          ...{ from: 'source', to: 'target', yes: true, force: true, mask: ['people.note=@hash'] },
          ...({ log: 'sync.jsonl', logLevel: 'rows', audit: 'rows' } as const),
          ...(batch && { batch }),
        } as const;
        const first = await dataSync(workspace, input, undefined);
        expect(listChanges(first)).toEqual({ 'public.people': '3/0/0', 'public.pairs': '2/0/0' });
        const all =
          'select (select json_agg(p order by id) from people p) p, (select json_agg(q) from pairs q) q';
        const [masked] = await rowsOf(to.url, all);
        expect(JSON.stringify(masked)).toContain('@');
        expect(listChanges(await dataSync(workspace, input, undefined))).toEqual({});
        // A changed value is found through the mask, and its old row is a masked one, too.
        await rowsOf(
          from.url,
          `update people set email = 'eve@secret.example' where id = 1; delete from people where id = 2`,
        );
        const second = await dataSync(workspace, input, undefined);
        expect(listChanges(second)).toEqual({ 'public.people': '0/1/1' });
        const written = readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile() && one.name !== 'mask-secret')
          .map((one) => readFileSync(join(one.parentPath, one.name)))
          .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1'));
        expect(written.length).toBeGreaterThan(3);
        const told = [first, second].flatMap((one) => [
          dataSyncText(one, paper),
          dataSyncMarkdown(one),
          JSON.stringify(one),
        ]);
        const now = JSON.stringify(await rowsOf(to.url, all));
        for (const text of [...written, ...told, now, JSON.stringify(masked)])
          expect(text).not.toContain('secret.example');
        await dataUndo(workspace, second.run?.id ?? '', { env: 'target', yes: true }, undefined);
        expect(await rowsOf(to.url, all)).toEqual([masked]);
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);
