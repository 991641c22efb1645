// Type files compile strictly: of the repository's own schemas, and of names made to break them.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeSource } from '../../lib/project/described-source.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { renderTypeFile } from '../../lib/schema-types/render.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { compileStrictly } from './compile.ts';

const repository = join(import.meta.dirname, '../..');
let cache: string;
let own: Project;
let workspace: Workspace;

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
  workspace = own.context;
});
afterAll(() => {
  own.drop();
  rmSync(cache, { recursive: true });
});

async function filesOf(name: string, path: string): Promise<Record<string, string>> {
  const description = await describeSource(workspace, path);
  return {
    [`${name}.ts`]: renderTypeFile(description, { source: name, kysely: false }),
    [`${name}.kysely.ts`]: renderTypeFile(description, { source: name, kysely: true }),
  };
}

test('the types of the schemas of this repository compile', async () => {
  const examples = readdirSync(join(repository, 'examples'))
    // Its folder needs the roles of Supabase, or the tables of another command.
    .filter((name) => !['supabase', 'drizzle', 'prisma-schema', 'sqlalchemy'].includes(name))
    .map((name) => [name, join(repository, 'examples', name, 'schema')] as const)
    .filter(([, path]) => existsSync(path));
  const files: Record<string, string> = {};
  for (const [name, path] of [['own', join(repository, 'schema')] as const, ...examples])
    Object.assign(files, await filesOf(name, path));
  expect(Object.keys(files).length).toBeGreaterThan(8);
  expect(await compileStrictly(files)).toEqual([]);
});

test('no name and no comment breaks the types', async () => {
  const files = await filesOf('hostile', join(import.meta.dirname, 'hostile.sql'));
  const use = `
import type { AuditUsers, Class, Functions, PublicDate, PublicUsers, PublicUsersInsert, PublicUsersUpdate } from './hostile.js';
import type { Database } from './hostile.kysely.js';
import type { Insertable, Selectable } from 'kysely';

export const kind: Class = 'back\\\\slash';
export const row = (user: PublicUsers): [string, string | null] => [user.id, user['новое']];
export const insert: PublicUsersInsert = { 'full name': 'Ann', id: 5n };
export const update: PublicUsersUpdate = { '1st': null };
export const date: PublicDate = { id: 1, Date: new Date() };
export const audit: AuditUsers = { id: null };
export const call: Functions['overloaded']['arguments'] = ['text'];
export const made: Insertable<Database['users']> = { 'full name': 'Ann' };
export const read = (user: Selectable<Database['users']>): string => user.id;
export const quoted: keyof Database = '"audit.users"';
// @ts-expect-error the server computes it
export const computed: PublicUsersInsert = { 'full name': 'Ann', doubled: 1 };
// @ts-expect-error a new row needs a name
export const nameless: PublicUsersInsert = { id: 5n };
// @ts-expect-error the same for Kysely
export const missing: Insertable<Database['users']> = { id: 5n };
// @ts-expect-error always generated
export const always: Insertable<Database['date']> = { id: 5 };
// @ts-expect-error an array is not written as JSON
export const array: PublicUsersInsert = { 'full name': 'Ann', "it's": [1] };
`;
  expect(await compileStrictly({ ...files, 'use.ts': use })).toEqual([]);
  for (const text of Object.values(files)) expect(text).not.toMatch(/\u202e|\n *newline/);
});
