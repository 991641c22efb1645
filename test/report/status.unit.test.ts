// `db:status` as text: the words that were asked for, and what belongs together told once.
import { expect, test } from 'vitest';
import type { StatusReport } from '../../lib/commands/status.ts';
import { listChanges } from '../../lib/compare/changes.ts';
import { diff } from '../../lib/model/diff.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Fact, Payload } from '../../lib/model/fact.ts';
import type { AnyKind } from '../../lib/model/kind.ts';
import type { Action, Step } from '../../lib/model/step.ts';
import { statusText } from '../../lib/report/status.ts';

const now = new Date('2026-03-04T12:00:00Z');
const paper = { width: 80, colour: false, now };

const kinds = new Map<string, AnyKind>(
  ['table', 'column', 'default', 'not null', 'index', 'view', 'comment', 'constraint'].map((name) => [
    name,
    {
      name,
      reference: (fact) => `${name.toUpperCase()} ${fact.path.join('.')}`,
      ...(name === 'index' && { summary: (fact) => `INDEX ${fact.path[1]} ON ${fact.payload.on}` }),
      ...(name === 'view' && {
        summary: (fact) => `VIEW ${fact.path.join('.')} (${fact.payload.lines} lines)`,
      }),
      introspect: () => '',
      create: () => [],
      drop: () => [],
      alter: {},
    },
  ]),
);

function fact(
  kind: string,
  path: string,
  parent: string | null = null,
  payload: Payload = {},
  origins: string[] = [],
): Fact {
  return {
    id: `${kind}:${path}`,
    kind,
    path: path.split('.'),
    signature: '',
    parent,
    origins,
    position: 0,
    payload,
  };
}

function step(id: string, sql: string, action: Action = 'create'): Step {
  const kind = id.slice(0, id.indexOf(':'));
  return { sql, action, kind, fact: id, hazards: [], lock: null, transactional: true, segment: 0 };
}

function changes(actual: readonly Fact[], wanted: readonly Fact[], up: readonly Step[]) {
  const catalog = (facts: readonly Fact[]) => ({
    ...emptyCatalog(17, kinds),
    facts: new Map(facts.map((one) => [one.id, one])),
  });
  const [before, after] = [catalog(actual), catalog(wanted)];
  return listChanges({ diff: diff(before, after, kinds), before, after, up, kinds });
}

function report(all: StatusReport['changes'], more: Partial<StatusReport> = {}): StatusReport {
  return {
    schema: { path: 'schema/schema.sql', modified: '2026-03-04T09:59:00.000Z' },
    target: { name: 'prod', address: 'postgres://app@db.example.com/shop', major: 17, protected: true },
    inSync: all.length === 0,
    record: null,
    appliedBy: 'db:sync',
    changes: all,
    objects: 12,
    unmanaged: [],
    ...more,
  };
}

const users = fact('table', 'public.users');
const leagues = fact('table', 'public.leagues');
const leagueStatus = fact('column', 'public.leagues.status', leagues.id, { type: 'text' });

test('the answer to what is missing, in the words that were asked for', () => {
  const wanted = [
    fact('index', 'public.idx_users_discord_id', users.id, { on: 'users(discord_id)' }),
    fact('view', 'public.career_stats', null, { lines: 161 }),
    fact('default', 'public.leagues.status', leagueStatus.id, { value: "''" }),
    fact('not null', 'public.leagues.status', leagueStatus.id),
  ];
  const up = [
    step(
      'default:public.leagues.status',
      "ALTER TABLE ONLY public.leagues ALTER COLUMN status SET DEFAULT ''",
    ),
    step('not null:public.leagues.status', 'ALTER TABLE public.leagues ALTER COLUMN status SET NOT NULL'),
    step('index:public.idx_users_discord_id', 'CREATE INDEX …'),
    step('view:public.career_stats', 'CREATE VIEW …'),
  ];
  const found = changes([users, leagues, leagueStatus], [users, leagues, leagueStatus, ...wanted], up);
  expect(statusText(report(found), paper)).toBe(
    `Database Schema Status
Local Schema:  schema/schema.sql (modified 2 hours ago)
Remote Schema: prod  (postgres://app@db.example.com/shop)
Status: OUT OF SYNC
Pending Changes: 3
Missing in prod:
  - INDEX idx_users_discord_id ON users(discord_id)
  - VIEW career_stats (161 lines)
  - ALTER TABLE leagues.status SET NOT NULL DEFAULT ''
Run 'db:diff' for detailed comparison
Run 'db:sync' to apply changes`,
  );
});

test('a constant that is a default is told without its type, and what a terminal would obey is not', () => {
  const columns = ['a', 'b', 'c'].map((name) => fact('column', `public.users.${name}`, users.id));
  const sql = (name: string, value: string) =>
    step(
      `default:public.users.${name}`,
      `ALTER TABLE ONLY public.users ALTER COLUMN ${name} SET DEFAULT ${value}`,
    );
  const wanted = ['a', 'b', 'c'].map((name) =>
    fact('default', `public.users.${name}`, `column:public.users.${name}`),
  );
  const up = [
    sql('a', "'it''s'::character varying(20)"),
    sql('b', '\'{}\'::public."My type"[]'),
    sql('c', "('\u001b[31m'::text || '::x'::text)"),
  ];
  const found = changes([users, ...columns], [users, ...columns, ...wanted], up);
  expect(found.map(({ text }) => text)).toEqual([
    "ALTER TABLE users ALTER COLUMN a SET DEFAULT 'it''s'",
    "ALTER TABLE users ALTER COLUMN b SET DEFAULT '{}'",
    "ALTER TABLE users ALTER COLUMN c SET DEFAULT ('\u001b[31m'::text || '::x'::text)",
  ]);
  const text = statusText(report(found), paper);
  expect(text).toContain("SET DEFAULT ('\ufffd[31m'::text || '::x'::text)");
});

test('in sync it says so, and how much was compared', () => {
  const text = statusText(report([]), paper);
  expect(text).toContain('Status: IN SYNC\nPending Changes: 0\n');
  expect(text).toContain('All 12 objects of schema/schema.sql match.');
  expect(statusText({ ...report([]), objects: 1 }, paper)).toContain(
    'The object of schema/schema.sql matches.',
  );
  expect(text).not.toContain('db:sync');
});

test('parts of a new or removed object are told with it', () => {
  const column = fact('column', 'public.users.id', users.id);
  const parts = [
    users,
    column,
    fact('default', 'public.users.id', column.id),
    fact('comment', 'public.users', users.id),
  ];
  expect(changes([], parts, [])).toMatchObject([{ standing: 'missing', text: 'TABLE users', part: null }]);
  expect(changes([], parts, [])[0]?.facts).toHaveLength(4);
  expect(changes(parts, [], [])).toMatchObject([{ standing: 'extra', text: 'TABLE users' }]);
});

test('what partitions inherit is told with what they inherit it from', () => {
  const part = fact('table', 'public.leagues_a');
  const column = fact('column', 'public.leagues.note', leagues.id, { type: 'text' });
  const inherited = fact('column', 'public.leagues_a.note', part.id, { type: 'text' }, [column.id]);
  const up = [step(column.id, 'ALTER TABLE public.leagues ADD COLUMN note text')];
  expect(changes([leagues, part], [leagues, part, column, inherited], up)).toMatchObject([
    { text: 'ALTER TABLE leagues ADD COLUMN note text', part: 'TABLE leagues' },
  ]);
  const retyped = [column, inherited].map((one) => ({ ...one, payload: { type: 'integer' } }));
  expect(changes([leagues, part, column, inherited], [leagues, part, ...retyped], [])).toMatchObject([
    { standing: 'different', text: 'COLUMN leagues.note: type text → integer' },
  ]);
});

test('what changes without a statement of its own is told with what it is part of', () => {
  const [before, after] = ['SELECT 1', 'SELECT 1, 2'].map((query) =>
    fact('view', 'public.v', null, { query }),
  );
  const column = fact('column', 'public.v.b', 'view:public.v');
  const up = [step('view:public.v', 'CREATE OR REPLACE VIEW public.v AS SELECT 1, 2', 'alter')];
  expect(changes([before as Fact], [after as Fact, column], up)).toMatchObject([
    { standing: 'different', facts: ['view:public.v', 'column:public.v.b'] },
  ]);
  const comment = step('comment:public.v.b', 'COMMENT ON COLUMN public.v.b IS …');
  const described = [column, fact('comment', 'public.v.b', column.id)];
  expect(changes([before as Fact], [after as Fact, ...described], [...up, comment])).toHaveLength(2);
});

test('a privilege that comes back when a restriction goes is missing', () => {
  const restricted = fact('comment', 'public.users', users.id);
  const up = [step(restricted.id, 'GRANT SELECT ON TABLE public.users TO PUBLIC', 'drop')];
  expect(changes([users, restricted], [users], up)).toMatchObject([
    { standing: 'missing', text: 'GRANT SELECT ON TABLE users TO PUBLIC' },
  ]);
});

test('two parts of one table that are no settings of it stay two changes', () => {
  const constraints = ['a', 'b'].map((name) => fact('constraint', `public.users.${name}`, users.id));
  const up = constraints.map(({ id, path }) =>
    step(id, `ALTER TABLE public.users ADD CONSTRAINT ${path[2]} CHECK (true)`),
  );
  expect(changes([users], [users, ...constraints], up)).toHaveLength(2);
});

test('different, extra and unmanaged objects have sections of their own', () => {
  const before = [fact('view', 'public.v', null, { lines: 1, body: 'a\nb' }), fact('table', 'public.old')];
  const after = [fact('view', 'public.v', null, { lines: 1, body: 'a\nc' })];
  const text = statusText(report(changes(before, after, []), { unmanaged: ['TRANSFORM FOR hstore'] }), paper);
  expect(text).toContain('Different in prod:\n  - VIEW v (1 lines): body\n');
  expect(text).toContain('Not in schema/schema.sql (extra in prod):\n  - TABLE old\n');
  expect(text).toContain('Not managed by pgmage, in prod:\n  - TRANSFORM FOR hstore\n');
});

test('lines keep to the width, colours come only where they are wanted', () => {
  const long = fact('index', 'public.i', users.id, { on: `users(${'xxx, '.repeat(30)}y)` });
  const found = report(changes([users], [users, long], []));
  expect(
    Math.max(
      ...statusText(found, paper)
        .split('\n')
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(80);
  // Wrapped, and whole.
  expect(statusText(found, paper).match(/xxx/g)).toHaveLength(30);
  expect(statusText(found, { ...paper, uncut: true })).toContain(`users(${'xxx, '.repeat(30)}y)`);
  const colour = String.fromCharCode(27);
  expect(statusText(found, paper)).not.toContain(colour);
  expect(statusText(found, { ...paper, colour: true })).toContain(colour);
});

test('the last line names what db:sync refuses, and db:sync where it does not', () => {
  const all = changes([users], [users, leagues], [step(leagues.id, 'CREATE TABLE public.leagues ()')]);
  const record = {
    files: 2,
    applied: 1,
    appliedBy: 'db:sync',
    pending: ['2_b'],
    unrecorded: [],
    drift: [],
    unfinished: [],
    faults: [],
  };
  const last = (more: Partial<NonNullable<StatusReport['record']>>) =>
    statusText(report(all, { record: { ...record, ...more } }), { ...paper, uncut: true })
      .split('\n')
      .at(-1);
  expect(last({})).toBe("Run 'db:sync' to apply changes");
  expect(last({ faults: ['1_a and 1_b follow the same migration (db:generate --rebase orders them)'] })).toBe(
    'Resolve the problems of the migrations: until then, db:sync changes nothing',
  );
  const same = { inSync: true, record: { ...record, pending: [], faults: ['1_a was edited'] } };
  expect(
    statusText(report([], same), { ...paper, uncut: true })
      .split('\n')
      .at(-1),
  ).toBe('Resolve the problems of the migrations: until then, db:sync changes nothing');
  const halfWay = '2_b failed half-way: db:sync continues it, db:rollback undoes it';
  expect(last({ faults: [halfWay] })).toBe("Run 'db:sync' to apply changes");
  expect(last({ drift: all })).toContain('Undo the drift in prod or take it over');
  expect(last({ drift: all, applied: 0 })).toContain('Record what prod has already (db:sync --baseline)');
  const unrecorded = statusText(report(all, { record: { ...record, drift: all, applied: 0 } }), paper);
  expect(unrecorded.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(unrecorded).toContain('In prod, but recorded there by no migration:\n');
  expect(unrecorded).not.toContain('--drift');
});

test('changes that no migration has are listed once', () => {
  const found = changes(
    [],
    [users, leagues],
    [step(users.id, 'CREATE TABLE …'), step(leagues.id, 'CREATE …')],
  );
  const none = {
    files: 0,
    applied: 0,
    appliedBy: 'db:sync',
    pending: [],
    drift: [],
    unfinished: [],
    faults: [],
  };
  const text = (unrecorded: StatusReport['changes']) =>
    statusText(report(found, { record: { ...none, unrecorded } }), paper);
  expect(text(found)).toContain(`Missing in prod:
  - TABLE users
  - TABLE leagues
Migrations: 0, applied: 0
No migration has these changes yet (db:generate writes one)
Run`);
  expect(text(found.slice(1))).toContain(
    'in no migration (db:generate writes one):\n  - added TABLE leagues\n',
  );
});
