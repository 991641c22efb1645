// data:sync of many changes against deleting and copying the table; memory and time by the number of rows.
import { type OwnServer, query } from '../test/servers/server.ts';
import { four, installed } from './bulk.ts';
import { below, copied, fillSource, onDisk, pgmage, type Raced, raced, source, target } from './data.ts';
import type { Program } from './measure.ts';
import type { Desk, Part } from './parts.ts';
import { type Line, median, type Ratio } from './table.ts';

const changed = 100_000;

// 80 % updated, 10 % deleted, 10 % inserted, over the whole table.
const changes = (rows: number) => {
  const every = Math.max(1, Math.floor(rows / (changed / 10)));
  const last = every * (changed / 10);
  return `
    update events set note = note || '.' where id % ${every} between 1 and 8 and id <= ${last};
    delete from events where id % ${every} = 0 and id <= ${last};
    insert into events select id + ${rows * 2}, at, by, kind, amount, flag, note from events
      where id % ${every} = 9 and id <= ${last}`;
};

/** 100,000 changed rows, applied to a table without and with other indexes. @param rows at least 200,000 */
export const dataApplies =
  (rows: number): Part =>
  (desk) =>
    onDisk(desk, async (server) => {
      if (rows < changed * 2) {
        desk.skip(`data:sync of ${changed} changes`, `it needs --rows ${changed * 2} or more`);
        return [];
      }
      await fillSource(server, 'one', rows);
      const bare = await applied(desk, server, `${rows} rows`, rows);
      for (const index of four) await query(server.socket(source), `create index on events ${index}`);
      return [...bare, ...(await applied(desk, server, `${rows} rows and five indexes`, rows))];
    });

async function applied(desk: Desk, server: OwnServer, what: string, rows: number): Promise<Line[]> {
  const part = `data:sync of ${changed} changes in ${what} ${server.major}`;
  const prepare = () => copied(server, changes(rows));
  const own = { ...pgmage(desk, server, 'data:sync', ['--yes', '--force']), prepare };
  const psql = installed('psql');
  if (psql === null) desk.skip(`${part}, its ratio`, 'psql is not installed');
  const others: Program[] = psql === null ? [] : [{ ...deleteAndCopy(server, psql), prepare }];
  const [ours, theirs] = (await raced(server, [own, ...others], desk.rounds)) as [Raced, Raced?];
  const promised = (name: 'wall' | 'cpu') =>
    theirs && { ratio: below(0.5, theirs[name].name, ours[name], theirs[name]) };
  return [
    { part, measured: ours.wall, ...promised('wall') },
    { part, measured: ours.cpu, ...promised('cpu') },
    ...(theirs === undefined
      ? []
      : [
          { part, measured: theirs.wall },
          { part, measured: theirs.cpu },
        ]),
  ];
}

const deleteAndCopy = (server: OwnServer, psql: string): Program => ({
  name: 'delete and copy',
  command: [
    'sh',
    '-ec',
    `"$1" -qXc 'copy events to stdout' "$2" |
      "$1" -qX1 -c 'delete from events' -c 'copy events from stdin' "$3"`,
    ...['sh', psql, server.socket(source), server.socket(target)],
  ],
});

// A little above the growth of the rows: an index that no longer fits the memory.
const slack = 1.5;

/** Time and memory of data:diff and data:sync of 100 changes, by the number of rows. */
export const dataGrowth =
  (counts: readonly number[]): Part =>
  (desk) =>
    onDisk(desk, async (server) => {
      const lines: Line[] = [];
      const first = new Map<string, number>();
      for (const rows of counts) {
        const part = `data:diff and data:sync of ${rows} rows, 100 changes ${server.major}`;
        await fillSource(server, 'one', rows);
        const few = `update events set note = 'other' where id % ${Math.ceil(rows / 100)} = 7`;
        await copied(server, few);
        const tasks = [
          pgmage(desk, server, 'data:diff'),
          {
            ...pgmage(desk, server, 'data:sync', ['--yes', '--force']),
            prepare: () => copied(server, few),
          },
        ];
        for (const { wall } of await raced(server, tasks, desk.rounds)) {
          const least = first.get(wall.name) ?? median(wall.times) / (counts[0] ?? rows);
          first.set(wall.name, least);
          const linear: Ratio = {
            values: wall.times.map((time) => time / rows / least),
            promise: `≤ ${slack} × the time of a row in ${counts[0]} rows`,
            kept: (value) => value <= slack,
          };
          const memory: Ratio = {
            values: [(wall.peak ?? 0) / 2 ** 20],
            promise: '< 200 MB',
            kept: (value) => value < 200,
          };
          lines.push({ part, measured: wall, ratio: memory }, { part, measured: wall, ratio: linear });
        }
      }
      return lines;
    });
