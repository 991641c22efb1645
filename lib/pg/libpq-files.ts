// The files that libpq reads: services and passwords (manual: "The Connection Service File", "The Password
// File").
import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import type { Parameters } from './parameters.ts';

/** The login that a password is searched for. */
export interface Login {
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly user: string;
}

/** A password, or why the file gives none although it is there. */
export interface FromFile {
  readonly password?: string;
  readonly refused?: string;
}

const windows = platform === 'win32';

/** A file of the user's own that libpq knows, e.g. `root.crt` of `~/.postgresql`. */
export const resolveUserPath = (...path: readonly string[]) => join(homedir(), ...path);

/** The parameters of a service; null where no file has it. */
export function readService(name: string, file: string | undefined, systemFolder: string): Parameters | null {
  const files = [file ?? resolveUserPath('.pg_service.conf'), join(systemFolder, 'pg_service.conf')];
  for (const path of files) {
    const found = existsSync(path) ? serviceIn(readFileSync(path, 'utf8'), name) : null;
    if (found !== null) return found;
  }
  return null;
}

function serviceIn(text: string, name: string): Parameters | null {
  const said: Record<string, string> = {};
  let inside = false;
  let found = false;
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      // The first of its name counts.
      if (found) break;
      inside = line === `[${name}]`;
      found ||= inside;
    } else if (inside) {
      const at = line.indexOf('=');
      const key = at < 0 ? line : line.slice(0, at);
      said[key] ??= at < 0 ? '' : line.slice(at + 1);
    }
  }
  return found ? said : null;
}

/** Looks a password up. As libpq, it takes nothing from a file that others can read. */
export function readPassword(file: string | undefined, login: Login): FromFile {
  const usual = windows
    ? resolveUserPath('AppData', 'Roaming', 'postgresql', 'pgpass.conf')
    : resolveUserPath('.pgpass');
  const path = file ?? usual;
  const found = statOf(path);
  if (found === null) return {};
  if (!found.isFile()) return { refused: `${path} is not used: it is not a plain file` };
  if (!windows && (found.mode & 0o77) !== 0)
    return { refused: `${path} is not used: its mode must be 0600, because others can read it` };
  const wanted = [login.host, String(login.port), login.dbname, login.user];
  for (const line of textOf(path).split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [fields, password] = fieldsOf(line);
    const fits = wanted.every((value, index) => fields[index] === '*' || unescaped(fields[index]) === value);
    if (fits && password !== undefined) return { password: unescaped(password) as string };
  }
  return {};
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

// Four fields; the rest is the password.
function fieldsOf(line: string): [fields: string[], password: string | undefined] {
  const match = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/.exec(line);
  return match === null
    ? [[], undefined]
    : [match.slice(1, 5), /^(?:\\.|[^:\\])*/.exec(match[5] as string)?.[0]];
}

const unescaped = (field: string | undefined) => field?.replace(/\\(.)/g, '$1');
