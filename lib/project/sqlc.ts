// sqlc's configuration: where a project keeps its queries (sqlc's manual: Configuration, versions 1 and 2).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem/problem.ts';
import { readFile } from './sql-files.ts';

const names = ['sqlc.yaml', 'sqlc.yml', 'sqlc.json'];

/**
 * The query files and folders in sqlc's configuration, relative to the project; none without sqlc.
 * @throws Problem `bad_config` if that file is invalid
 */
export async function sqlcQueries(root: string): Promise<string[]> {
  const file = names.find((name) => existsSync(join(root, name)));
  if (file === undefined) return [];
  const { parse } = await import('yaml');
  const text = await readFile(root, join(root, file));
  let config: unknown;
  try {
    config = parse(text);
  } catch (thrown) {
    throw new Problem('bad_config', { file, reason: (thrown as Error).message.split('\n')[0] as string });
  }
  const { sql, packages } = record(config);
  return [sql, packages].flatMap(list).flatMap((entry) => {
    const { engine = 'postgresql', queries } = record(entry);
    return engine === 'postgresql' ? list(queries).filter((path) => typeof path === 'string') : [];
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
