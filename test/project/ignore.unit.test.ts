// What the configuration ignores is left out with all that is part of it or lives in it.
import { expect, test } from 'vitest';
import type { Catalog } from '../../lib/model/catalog.ts';
import type { Fact } from '../../lib/model/fact.ts';
import { withoutIgnored } from '../../lib/project/ignore.ts';

function fact(kind: string, path: string[], parent: string | null = null, signature = ''): Fact {
  const id = `${kind}:${path.join('.')}${signature}`;
  return { id, kind, path, signature, parent, origins: [], position: 0, payload: {} };
}

const facts = [
  fact('schema', ['cron']),
  fact('table', ['cron', 'job']),
  fact('column', ['cron', 'job', 'id'], 'table:cron.job'),
  fact('server', ['cron']),
  fact('user mapping', ['cron', 'app']),
  fact('table', ['public', 'spatial_ref_sys']),
  fact('column', ['public', 'spatial_ref_sys', 'srid'], 'table:public.spatial_ref_sys'),
  fact('function', ['public', 'f'], null, '(integer)'),
  fact('extension', ['vector']),
  fact('table', ['public', 'vector']),
];

const catalog = {
  major: 17,
  role: null,
  facts: new Map(facts.map((one) => [one.id, one])),
  needs: new Map([['table:cron.job', new Map([['schema:cron', 'normal']])]]),
  unmanaged: ['ROLE x', 'ROLE y'],
} as unknown as Catalog;

function left(schemas: string[], objects: string[]): string[] {
  return [...withoutIgnored(catalog, { schemas, objects }).facts.keys()];
}

const all = facts.map(({ id }) => id);
const but = (...gone: string[]) => all.filter((id) => !gone.includes(id));

test('nothing is left out where nothing is ignored', () => {
  expect(withoutIgnored(catalog, undefined)).toBe(catalog);
  expect(left([], ['nowhere'])).toEqual(all);
});

test('a schema goes with what lives in it, and with nothing that only begins with its name', () => {
  expect(left(['cron'], [])).toEqual(but('schema:cron', 'table:cron.job', 'column:cron.job.id'));
  expect(left(['cr*'], [])).toEqual(left(['cron'], []));
});

test('an object goes with its parts, by its name alone or with its kind', () => {
  const table = ['table:public.spatial_ref_sys', 'column:public.spatial_ref_sys.srid'];
  expect(left([], ['public.spatial_ref_sys'])).toEqual(but(...table));
  expect(left([], ['public.spatial*'])).toEqual(but(...table));
  expect(left([], ['extension:vector'])).toEqual(but('extension:vector'));
  expect(left([], ['function:public.f(integer)'])).toEqual(but('function:public.f(integer)'));
  expect(left([], ['public.f'])).toEqual(but('function:public.f(integer)'));
  expect(withoutIgnored(catalog, { schemas: [], objects: ['ROLE x'] }).unmanaged).toEqual(['ROLE y']);
});
