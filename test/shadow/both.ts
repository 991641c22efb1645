// The same schemas in the native and in the embedded shadow, and whether the same comes of them.
import { kinds } from '../../lib/kinds/index.ts';
import { computeFingerprint } from '../../lib/migration/fingerprint.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { replay } from '../../lib/project/shadow-catalog.ts';
import { isAlike } from '../../lib/project/trial-start.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { Project } from '../project/project.ts';

/** What came of one schema. */
export interface BothResult {
  readonly name: string;
  /** What differs; null: nothing. */
  readonly difference: string | null;
  /** Why the native shadow refused it, so that the embedded one did the work; null: it did not. */
  readonly refusal: string | null;
}

/** Schemas by their names. */
export type Schemas = Iterable<{ readonly name: string; readonly sql: string }>;

/** Loads each in both shadows; the native one is opened again after each refusal. */
export async function loadInBoth(own: Project, schemas: Schemas): Promise<BothResult[]> {
  const results: BothResult[] = [];
  const { project, world } = own.context;
  let refusal: string | null = null;
  const detail = (message: string) => {
    refusal = /failed: (.*)/s.exec(message)?.[1] ?? refusal;
  };
  const open = (shadow: string | null, folder: string): Workspace =>
    openWorkspace({ ...project, root: import.meta.dirname, shadow, version: folder }, { ...world, detail });
  await using embedded = open(null, 'embedded');
  let native = open('native', 'native');
  try {
    for (const { name, sql } of schemas) {
      refusal = null;
      const files = [{ file: `${name}.sql`, text: sql }];
      const [one, other] = [await read(embedded, files), await read(native, files)];
      results.push({ name, difference: differenceOf(one, other), refusal });
      if (refusal === null) continue;
      await native[Symbol.asyncDispose]();
      native = open('native', 'native');
    }
  } finally {
    await native[Symbol.asyncDispose]();
  }
  return results;
}

type Read = Awaited<ReturnType<typeof replay>> | string;

async function read(workspace: Workspace, files: Parameters<typeof replay>[1]): Promise<Read> {
  try {
    return await replay(workspace, files);
  } catch (thrown) {
    if (thrown instanceof Problem) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
}

function differenceOf(one: Read, other: Read): string | null {
  if (typeof one === 'string' || typeof other === 'string')
    return one === other ? null : `embedded: ${shown(one)}; native: ${shown(other)}`;
  const marks = [one, other].map((catalog) => computeFingerprint(catalog, kinds));
  if (isAlike(one, other) && marks[0] === marks[1]) return null;
  const lines = [...one.facts.values()].flatMap(({ id, payload }) => {
    const same = JSON.stringify(payload) === JSON.stringify(other.facts.get(id)?.payload);
    return same
      ? []
      : [`${id}: ${JSON.stringify(payload)} / ${JSON.stringify(other.facts.get(id)?.payload)}`];
  });
  return lines.join('\n') || 'only the relations differ';
}

const shown = (read: Read) => (typeof read === 'string' ? read : 'it loads');
