// No change of type loses or refuses a value unsaid: the rules of the server's own types held against real
// servers.
import { expect, test } from 'vitest';
import { withDatabase } from '../servers/databases.ts';
import { isTurnOf, servers } from '../servers/running.ts';
import { change, Matrix, type Trial } from './loss-matrix.ts';

const isCommon = (type: string) =>
  /^(boolean|smallint|integer|bigint|numeric|real|double|money|text$|character varying|date$|time|interval|uuid|jsonb?$|inet|cidr|bytea)[^[]*$/.test(
    type,
  );

const isLossy = ({ hazards }: Pick<Trial, 'hazards'>) => hazards.includes('loses_values');
const mayFail = ({ hazards }: Pick<Trial, 'hazards'>) => hazards.includes('may_fail_on_existing_rows');

test.each(servers().map((server) => [server.version, server] as const))(
  'PostgreSQL %s: what a change of type loses, it says',
  async (version, server) => {
    await withDatabase(server, async ({ socket }) => {
      const matrix = await Matrix.open(socket);
      const trials: Trial[] = [];
      let at = 0;
      for (const from of matrix.types)
        for (const to of matrix.types)
          if (from !== to && isTurnOf(server, at++)) trials.push(await matrix.try(from, to));
      await matrix.close();
      const known = trials.filter(({ accepted }) => accepted !== null);
      const lossy = known.filter(({ lost }) => lost.length > 0);
      const exact = known.filter(({ accepted, given, lost }) => lost.length === 0 && accepted === given);
      const unsaid = lossy.filter((trial) => !isLossy(trial));
      const feared = exact.filter(isLossy);
      const common = exact.filter(({ from, to }) => isCommon(from) && isCommon(to));
      process.stdout.write(
        `PostgreSQL ${version}: ${trials.length} pairs, ${known.length} conversions,` +
          ` ${lossy.length} lose values, ` +
          `${unsaid.length} of them unsaid; ${exact.length} keep all, ${feared.length} of them feared; ` +
          `of ${common.length} among common types ${common.filter(isLossy).length}\n`,
      );
      expect(unsaid.map(({ from, to, lost }) => `${from} → ${to}: ${lost[0]}`)).toEqual([]);
      const refusing = known.filter(({ accepted, given }) => Number(accepted) < given && given > 0);
      const silent = refusing.filter((trial) => !mayFail(trial));
      expect(
        silent.map(({ from, to, given, accepted }) => `${from} → ${to}: ${accepted} of ${given}`),
      ).toEqual([]);
      expect(refusing.length).toBeGreaterThan(100);
      expect(lossy.length).toBeGreaterThan(500);
      expect(common.filter(isLossy).length).toBeLessThan(common.length / 5);
    });
  },
  600_000,
);

const daily = [
  ['character varying(50)', 'character varying(100)'],
  ['character varying(50)', 'text'],
  ['text', 'character varying'],
  ['character(10)', 'character varying(10)'],
  ['smallint', 'integer'],
  ['integer', 'bigint'],
  ['bigint', 'integer'],
  ['integer', 'numeric'],
  ['bigint', 'text'],
  ['uuid', 'character varying(36)'],
  ['uuid', 'text'],
  ['real', 'double precision'],
  ['numeric(8,2)', 'numeric(12,4)'],
  ['numeric(8,2)', 'numeric'],
  ['date', 'timestamp without time zone'],
  ['timestamp(3) without time zone', 'timestamp without time zone'],
  ['timestamp(0) with time zone', 'timestamp with time zone'],
  ['jsonb', 'json'],
  ['json', 'text'],
  ['integer[]', 'bigint[]'],
  ['character varying(10)[]', 'text[]'],
  ['cidr', 'inet'],
] as const;

test.each(daily)('%s to %s keeps every value', (from, to) => {
  expect(change(from, to).hazards).not.toContain('loses_values');
});

const harmless = [
  ...daily.filter(
    ([from, to]) => !['text', 'bigint', 'date'].includes(from) && to !== 'character varying(36)',
  ),
  ['boolean', 'numeric'],
  ['boolean[]', 'bigint[]'],
  ['macaddr', 'macaddr8'],
  ['macaddr[]', 'macaddr8[]'],
  ['int4range', 'int4multirange'],
  ['tstzrange[]', 'tstzmultirange[]'],
  ['int4multirange', 'int4range'],
  ['int4range', 'int8range'],
  ['bit(4)', 'bit varying(8)'],
  ['timestamp without time zone', 'timestamp(3) without time zone'],
  ['numeric(4,2)', 'numeric(4,1)'],
] as const;

test.each(harmless)('%s to %s refuses no value', (from, to) => {
  expect(change(from, to).hazards).not.toContain('may_fail_on_existing_rows');
});

const refused = [
  ['macaddr8', 'macaddr'],
  ['bit(4)', 'bit(8)'],
  ['numeric(8,2)', 'numeric(8,4)'],
  ['numeric(4,2)', 'numeric(3,1)'],
  ['int4range', 'int8multirange'],
  ['int4multirange[]', 'int4range[]'],
  ['date', 'timestamp without time zone'],
  ['date[]', 'timestamp with time zone[]'],
  ['timestamp without time zone', 'timestamp with time zone'],
  ['json', 'jsonb'],
  ['json[]', 'jsonb[]'],
  ['interval', 'interval day to second(2)'],
] as const;

test.each(refused)('%s to %s may refuse a value', (from, to) => {
  expect(change(from, to).hazards).toContain('may_fail_on_existing_rows');
});
