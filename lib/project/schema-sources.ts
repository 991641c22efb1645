// The wanted schema from several sources: files, folders, and commands that print SQL.
import { join } from 'node:path';
import type { Config, SchemaCommand } from '../config/config.ts';
import { Problem } from '../problem/problem.ts';
import { maskUrl, redact, rememberSecret } from '../problem/redact.ts';
import { readOutput } from '../programs/run.ts';
import { holdsStatement } from '../sql/psql-commands.ts';
import type { Project } from './project.ts';
import { readFiles, readTexts, refuseEmpty, type TextFile } from './sql-files.ts';

// Milliseconds that a command may take by default.
const patience = 60_000;

/**
 * The wanted schema of a configuration.
 * @param at makes a path absolute
 */
export function resolveSchema(
  given: NonNullable<Config['schema']>,
  at: (path: string) => string,
): Pick<Project, 'schema' | 'schemaSources'> {
  const list = typeof given === 'string' || 'command' in given ? [given] : given;
  const [only] = list;
  if (list.length === 1 && typeof only === 'string') return { schema: at(only) };
  return {
    schema: list.map((one) => (typeof one === 'string' ? one : nameCommand(one))).join(' + '),
    schemaSources: list.map((one) => (typeof one === 'string' ? { path: at(one) } : one)),
  };
}

/** A command as people may see it. */
function nameCommand({ command }: SchemaCommand): string {
  const words = command.map((word) => {
    rememberSecret(word);
    return /^\w+:\/\//.test(word) ? maskUrl(word) : word;
  });
  return redact(words.join(' '));
}

/**
 * Reads the wanted schema. Commands run again each time. Of several sources a file may be empty, if not all
 * are. A command without output has probably failed.
 * @throws Problem of the files; `command_failed`, `empty_file` of a command
 */
export async function readWanted({ root, schema, schemaSources }: Project): Promise<TextFile[]> {
  if (schemaSources === undefined) return readFiles(root, schema);
  const read = await Promise.all(
    schemaSources.map((one) => ('path' in one ? readTexts(root, one.path) : runCommand(root, one))),
  );
  refuseEmpty(schema, read.flat());
  return read.flat();
}

async function runCommand(root: string, source: SchemaCommand): Promise<TextFile[]> {
  const [file = '', ...args] = source.command;
  const { timeout = patience } = source;
  const name = nameCommand(source);
  const ending = await readOutput({ file, args, cwd: root, timeout, grouped: true });
  const { exitCode, failure, isMissing, timedOut, errors: detail, text } = ending;
  const reason = timedOut ? `it took longer than ${timeout / 1000} s` : isMissing ? 'it is missing' : failure;
  if (reason !== null)
    throw new Problem('command_failed', {
      command: name,
      exitCode: isMissing ? 127 : exitCode,
      reason,
      detail,
    });
  if (holdsStatement(text)) return [{ file: name, text: text.replace(/^\ufeff/, '') }];
  throw new Problem('empty_file', { file: name, comments: text.trim() !== '' });
}

/** The files and folders of the wanted schema, to be watched: commands name theirs by `watch`. */
export function listWatched({ root, schema, schemaSources, external = {} }: Project): string[] {
  const around = Object.values(external);
  if (schemaSources === undefined) return [schema, ...around];
  const own = schemaSources.flatMap((one) =>
    'path' in one ? [one.path] : [one.watch ?? []].flat().map((path) => join(root, path)),
  );
  return [...own, ...around];
}
