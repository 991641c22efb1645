// A request of a wrong shape is answered with a sentence that names the field and the allowed values.
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { parameterSchemas } from '../../lib/service/parameter-schemas.ts';
import * as requests from '../../lib/service/request-schemas.ts';
import { PutScheduleSchema, ScheduleDefinitionSchema } from '../../lib/service/schedule-schemas.ts';
import { wordsOf } from '../../lib/service/schema-parts.ts';
import { describeFault } from '../../lib/service/shape-faults.ts';

const {
  CloneSchema,
  ExportSchema,
  ImportSchema,
  JobsQuerySchema,
  LoginSchema,
  PlanRequestSchema,
  PruneSchema,
} = requests;

function faultOf(schema: TSchema, value: unknown, owner = 'the body', member?: 'parameter'): string {
  expect(Compile(schema).Check(value)).toBe(false);
  return describeFault(schema, value, owner, member);
}

const environment =
  'the name of an environment: a letter or digit, then up to 62 letters, digits, _, . and -';
const faults: readonly (readonly [schema: TSchema, value: unknown, fault: string])[] = [
  [ExportSchema, undefined, 'the body is missing: send a JSON object'],
  [ExportSchema, null, 'the body is null, not a JSON object'],
  [ExportSchema, [], 'the body is a list, not a JSON object'],
  [ExportSchema, {}, 'the body has no field database: the environment to back up'],
  [
    ExportSchema,
    { database: 7 },
    'the field database is a whole number, not text: the environment to back up',
  ],
  [ExportSchema, { database: 'postgres://u:p@h/d' }, `the field database is not ${environment}`],
  [
    ExportSchema,
    { database: 'prod', format: 'plian' },
    'the field format is "plian". Did you mean plain? Allowed: plain, custom, directory, native',
  ],
  [
    ExportSchema,
    { database: 'prod', formt: 'plain' },
    'the body has an unknown field formt. Did you mean format? Allowed: database, format, keep',
  ],
  [
    ExportSchema,
    { database: 'prod', keep: 'yes' },
    'the field keep is text, not true or false: never delete it when backups are pruned',
  ],
  [
    ImportSchema,
    { file: '../a', to: 'prod' },
    'the field file is not the name of a file: no path, no : and no . at its beginning',
  ],
  [
    ImportSchema,
    { file: 'a', to: 'prod', planId: '7' },
    'the field planId is not an id, such as 5b519428-fb85-4725-b857-7d4dbf147eb2',
  ],
  [
    CloneSchema,
    { from: 'prod', to: 'local', tables: [] },
    'the field tables is an empty list: only these tables, and the objects that they need; * matches any characters',
  ],
  [
    CloneSchema,
    { from: 'prod', to: 'local', tables: ['users', ''] },
    'the field tables[1] is not the name of a table: 1 to 130 characters, without /, \\ and :',
  ],
  [
    CloneSchema,
    { from: 'prod', to: 'local', tables: Array(201).fill('t') },
    'the field tables has 201 items: at most 200 are allowed',
  ],
  [LoginSchema, { key: '' }, 'the field key is empty: an API key'],
  [LoginSchema, { key: 'k'.repeat(201) }, 'the field key has 201 characters: at most 200 are allowed'],
  [PruneSchema, { keepDaily: -1 }, 'the field keepDaily is -1: at least 0 is allowed'],
  [PruneSchema, { keepDaily: 20_000 }, 'the field keepDaily is 20000: at most 10000 is allowed'],
  [
    PruneSchema,
    { keepDaily: 1.5 },
    'the field keepDaily is a number, not a whole number: how many days keep a backup',
  ],
  [PlanRequestSchema, {}, 'the body has no field kind, which is one of import, clone, data'],
  [
    PlanRequestSchema,
    { kind: 'clon', from: 'prod', to: 'local' },
    'the field kind is "clon". Did you mean clone? Allowed: import, clone, data',
  ],
  [
    PlanRequestSchema,
    { kind: 'clone', from: 'prod' },
    'the body has no field to: the environment whose content is replaced',
  ],
];

test.each(faults)('%# a wrong request is answered in words', (schema, value, fault) => {
  expect(faultOf(schema, value)).toBe(fault);
});

test('the owner of a value is named, be it a schedule or a query', () => {
  const schedule = { task: 'export', every: 7, database: 'prod' };
  expect(faultOf(ScheduleDefinitionSchema, schedule, 'schedule nightly')).toBe(
    'the field every of schedule nightly is a whole number, not text: hourly, daily (02:00), weekly' +
      ' (Sunday 02:00), or five fields of cron',
  );
  expect(faultOf(ScheduleDefinitionSchema, { ...schedule, task: 'x' }, 'schedule nightly')).toBe(
    'the field task of schedule nightly is "x". Allowed: export, verify, drift, prune, data, clone',
  );
  expect(faultOf(ScheduleDefinitionSchema, { ...schedule, every: 'daily', maxAgeHours: 0 }, 'it')).toBe(
    'the field maxAgeHours of it is 0: only more than 0 is allowed',
  );
  expect(faultOf(JobsQuerySchema, { limit: 'all' }, 'the query', 'parameter')).toBe(
    'the parameter limit is text, not a whole number',
  );
});

const schemas = [
  ...Object.values(requests),
  ...Object.values(parameterSchemas),
  PutScheduleSchema,
  ScheduleDefinitionSchema,
] as readonly TSchema[];

interface Shape {
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly pattern?: string;
}

const listPatterns = ({ anyOf = [], properties = {}, items, pattern }: Shape): string[] => [
  ...(pattern === undefined ? [] : [pattern]),
  ...[...anyOf, ...Object.values(properties), ...(items ? [items] : [])].flatMap(listPatterns),
];

test('every pattern of a request has words', () => {
  const patterns = schemas.flatMap((schema) => listPatterns(schema as Shape));
  expect(patterns.length).toBeGreaterThan(30);
  expect(patterns.filter((one) => wordsOf(one) === undefined)).toEqual([]);
});

test('no value that a shape refuses is without words for it', () => {
  const odd: readonly unknown[] = [null, 0, -1, 1.5, 1e9, '', '\n', 'x'.repeat(500), [], [null], {}, true];
  let refused = 0;
  for (const schema of schemas) {
    const compiled = Compile(schema);
    const shapes = (schema as Shape).anyOf ?? [schema as Shape];
    for (const { properties = {} } of shapes) {
      const fixed = Object.entries(properties).flatMap(([name, one]) =>
        'const' in one ? [[name, one.const]] : [],
      );
      for (const name of [...Object.keys(properties), 'unknown'])
        for (const value of odd) {
          const given = { ...Object.fromEntries(fixed), [name]: value };
          if (compiled.Check(given)) continue;
          refused += 1;
          expect([given, describeFault(schema, given, 'the body')]).not.toEqual([
            given,
            'the body does not have the allowed form',
          ]);
        }
    }
  }
  expect(refused).toBeGreaterThan(500);
});
