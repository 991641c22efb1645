// db:push, db:status and db:verify in a project whose migrations another tool applies: their advice agrees.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { push } from '../../lib/commands/push.ts';
import { isSound, status } from '../../lib/commands/status.ts';
import { verify } from '../../lib/commands/verify.ts';
import { layouts } from '../../lib/migration/layouts.ts';
import { verifyText } from '../../lib/report/migrations.ts';
import { statusText } from '../../lib/report/status.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true };

async function put({ context }: Project, path: string, text: string): Promise<void> {
  const file = join(context.project.root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

// Of each, one migration, and the way to the next one.
const beside = [
  {
    layout: layouts.dbmate,
    path: 'db/migrations/20260101000000_first.sql',
    text: '-- migrate:up\ncreate table t (a int);\n',
    next: 'db:generate',
  },
  {
    layout: layouts.prisma,
    path: 'prisma/migrations/20260101000000_first/migration.sql',
    text: 'create table t (a int);\n',
    next: 'db:generate',
  },
  {
    layout: layouts['graphile-migrate'],
    path: 'migrations/committed/000001-first.sql',
    text: 'create table t (a int);\n',
    next: 'write the migration with graphile-migrate',
  },
];

test.each(beside)(
  'beside $layout.name, status, push and verify of the embedded database agree',
  async ({ layout, path, text, next }) => {
    const own = project(null, cache, (root) => ({ layout, migrations: join(root, layout.folder) }));
    const paper = { width: 200, colour: false, now: new Date(0) };
    const look = async () => {
      const report = await status(own.context);
      return { report, text: statusText(report, paper) };
    };
    await put(own, path, text);
    own.want('create table t (a int, b int);');
    const before = await look();
    expect(before.text).toContain(
      `Migrations: 1. ${layout.tool} cannot apply them to an embedded database: db:push brings the schema\n`,
    );
    const early = await verify(own.context);
    expect(verifyText(early, paper)).toContain(
      "FAIL The database does not have the wanted schema ('db:push' brings it there)\n  - missing: TABLE t",
    );
    expect(verifyText(early, paper)).not.toMatch(/drift|dropped/);
    expect(before.text).toContain("Run 'db:push' to apply changes");
    expect(before.text).not.toMatch(new RegExp(`${layout.command}|db:sync`));
    const pushed = await push(own.context, yes, undefined);
    expect(pushed).toMatchObject({ done: true, recording: next });
    const after = await look();
    expect(after.report).toMatchObject({ inSync: true, record: { pending: [], drift: [], faults: [] } });
    expect(after.text).toContain('Changed in');
    const checks = (await verify(own.context)).checks.filter(({ faults }) => faults.length > 0);
    expect(checks.map(({ is }) => is)).toEqual(['recorded']);
    if (layout.written !== undefined) {
      await generate(own.context);
      expect(isSound((await look()).report)).toBe(true);
      expect((await verify(own.context)).sound).toBe(true);
    }
    expect((await push(own.context, yes, undefined)).statements).toEqual([]);
    own.drop();
  },
);

test('beside another tool on a server, a refused push names the command of that tool', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const { layout, path, text } = beside[0] as (typeof beside)[number];
    const own = project(url, cache, (root) => ({ layout, migrations: join(root, layout.folder) }));
    await put(own, path, text);
    own.want('create table t (a int, b int);');
    const { code, hint } = await failure(push(own.context, yes, undefined));
    expect([code, hint]).toEqual([
      'push_pending',
      'Run dbmate up to apply them. Where earlier pushes did their work already, record them with dbmate as' +
        ' applied.',
    ]);
    own.drop();
  });
});
