// From an environment's name to its database: the configuration, variables, a command or the dotenv files
// people have.
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import type { Config, EnvironmentConfig } from './config.ts';
import { readIfExists } from './file.ts';
import type { TenantsConfig } from './tenants.ts';

/** Variables as a process has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The URL of an environment's database; null: the embedded one. */
export interface Environment {
  readonly name: string;
  readonly url: string | null;
  /** The place where the URL was found: `DATABASE_URL in .env`. */
  readonly found?: string;
  readonly protected: boolean;
  /** True if the embedded database is used only because nothing else is configured. */
  readonly fallback?: boolean;
}

/** The places where an environment is looked up. */
export interface Surroundings {
  readonly root: string;
  readonly config: Config;
  /** The process's own variables; they are read and never written. */
  readonly variables: Variables;
}

/** The name of the default environment. */
export const defaultEnvironment = 'local';

const long: Readonly<Record<string, string>> = { dev: 'development', prod: 'production' };

/**
 * Finds an environment by its name, the default one where none is given.
 * @throws Problem `unknown_environment`, `environment_without_url`, `empty_url`, `bad_config` when its
 * command fails
 */
export async function findEnvironment(around: Surroundings, given?: string): Promise<Environment> {
  const { config } = around;
  const name = given ?? config.environment ?? defaultEnvironment;
  const entry = config.environments?.[name];
  const settings: EnvironmentConfig = typeof entry === 'string' ? { url: entry } : (entry ?? {});
  const guarded = isProtected(config, name);
  // A missing secret of CI is an empty variable: it must not lead to another database.
  const at = (url: string, found: string, place = found): Environment => {
    if (url.trim() === '') throw new Problem('empty_url', { name, place });
    return { name, url, found, protected: guarded };
  };
  if (settings.url !== undefined) return at(settings.url, 'its URL in the configuration');
  if (settings.railway !== undefined) {
    const { railwayUrl } = await import('./railway.ts');
    const { url, found } = await railwayUrl(name, settings.railway, around.root);
    return at(url, found);
  }
  const variable = settings.variable ?? 'DATABASE_URL';
  if (settings.command !== undefined)
    return at(
      await fromCommand(around, name, settings.command, variable),
      `${variable} in ${outputOf(settings.command)}`,
    );

  // DATABASE_URL of the process belongs to the default environment alone: a URL that is exported in a shell
  // for development must not be what `--env prod` reaches.
  const isDefault = name === (config.environment ?? defaultEnvironment);
  const shell = isDefault || settings.variable !== undefined ? ['the process environment'] : [];
  const fromProcess = shell.length > 0 ? around.variables[variable] : undefined;
  if (fromProcess !== undefined) return at(fromProcess, variable, `the environment variable ${variable}`);

  const files = settings.dotenv === undefined ? usualFiles(name, isDefault) : [settings.dotenv].flat();
  const own = await fromDotenv(around, files, variable);
  if (own !== null) return at(own.url, own.found);
  const embedded = { name, url: null, protected: guarded };
  if (settings.embedded) return embedded;
  if (entry === undefined && name === defaultEnvironment) return { ...embedded, fallback: true };
  if (entry === undefined && !(await anyThere(around.root, files))) throw await unknown(around, name);
  throw new Problem('environment_without_url', { name, variable, looked: [...shell, ...files] });
}

/** The rule of an environment's tenants; null: it is one database. */
export function findTenants({ environments }: Config, name: string): TenantsConfig | null {
  const entry = environments?.[name];
  if (typeof entry !== 'object') return null;
  const { each, databases, schemas } = entry;
  return (each ?? databases ?? schemas) === undefined ? null : entry;
}

/** An environment's name that names one of its tenants: `shops:acme`. null: it names none. */
export function splitTenant(
  config: Config,
  name: string,
): { readonly environment: string; readonly tenant: string } | null {
  const at = name.indexOf(':');
  if (at < 0 || config.environments?.[name] !== undefined) return null;
  const environment = name.slice(0, at);
  return findTenants(config, environment) === null ? null : { environment, tenant: name.slice(at + 1) };
}

async function unknown(around: Surroundings, name: string): Promise<Problem> {
  const known = await knownNames(around);
  const near = findNearest(name, known);
  const nearest = near.length > 0 ? near : findNearestTenants(around.config, name, known);
  return new Problem('unknown_environment', { name, known, nearest });
}

// `shop:acme` may be the tenant `shops:acme`.
function findNearestTenants(config: Config, name: string, known: readonly string[]): string[] {
  const at = name.indexOf(':');
  if (at < 0) return [];
  const withTenants = known.filter((one) => findTenants(config, one) !== null);
  return findNearest(name.slice(0, at), withTenants).map((one) => `${one}${name.slice(at)}`);
}

// The URL in the first dotenv file that has the variable.
async function fromDotenv(
  { root, variables }: Surroundings,
  files: readonly string[],
  variable: string,
): Promise<{ url: string; found: string } | null> {
  for (const file of files) {
    const own = (await readDotenv(root, file)) ?? {};
    if (own[variable] !== undefined)
      return { url: expanded(variable, own, variables), found: `${variable} in ${file}` };
  }
  return null;
}

/** The protected environments that have a URL; those that cannot be looked up are left out. */
export async function protectedEnvironments(around: Surroundings): Promise<Environment[]> {
  const names = (await knownNames(around)).filter((name) => isProtected(around.config, name));
  const found = await Promise.all(names.map((name) => findEnvironment(around, name).catch(() => null)));
  return found.filter((one) => one !== null);
}

function isProtected({ environments }: Config, name: string): boolean {
  const entry = environments?.[name];
  const said = typeof entry === 'string' ? undefined : entry?.protected;
  return said ?? /^prod(uction)?$/i.test(name);
}

/**
 * Names that can be asked for: the default, the configured ones, and those that have a dotenv file of their
 * own.
 */
export async function knownNames(around: Surroundings): Promise<string[]> {
  const there = await Promise.all(usual.map((name) => anyThere(around.root, ownFiles(name))));
  const configured = Object.keys(around.config.environments ?? {});
  const first = around.config.environment ?? defaultEnvironment;
  const others = await otherNames(around);
  return [...new Set([first, ...configured, ...usual.filter((_, index) => there[index]), ...others])];
}

const usual = ['dev', 'staging', 'test', 'prod'];

// Those of files such as `.env.analytics` that have a URL. Some files are samples, and some belong to a
// configured environment of another name.
async function otherNames(around: Surroundings): Promise<string[]> {
  const samples = /^(local|defaults?|dist|example|sample|template|schema|vault)$/;
  const entries = Object.values(around.config.environments ?? {});
  const used = entries.flatMap((entry) => (typeof entry === 'string' ? [] : [entry.dotenv ?? []].flat()));
  const names = (await readdir(around.root).catch(() => []))
    .filter((file) => !used.includes(file))
    .map((file) => /^\.env\.([\w-]+)$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .filter((name) => !samples.test(name) && !Object.values(long).includes(name));
  const found = await Promise.all(names.map((name) => fromDotenv(around, ownFiles(name), 'DATABASE_URL')));
  return names.filter((_, index) => found[index] !== null).sort();
}

// The order of Vite and Next: the local variant first, the particular before the general.
function usualFiles(name: string, isDefault: boolean): string[] {
  const shared = isDefault || name === 'dev' || name === 'development' ? ['.env.local', '.env'] : [];
  return [...(name === defaultEnvironment ? [] : ownFiles(name)), ...shared];
}

function ownFiles(name: string): string[] {
  const names = [...new Set([long[name] ?? name, name])];
  return names.flatMap((each) => [`.env.${each}.local`, `.env.${each}`]);
}

async function anyThere(root: string, files: readonly string[]): Promise<boolean> {
  const texts = await Promise.all(files.map((file) => readIfExists(join(root, file), file)));
  return texts.some((text) => text !== null);
}

async function readDotenv(root: string, file: string): Promise<Record<string, string> | null> {
  const text = await readIfExists(isAbsolute(file) ? file : join(root, file), file);
  if (text === null) return null;
  // As CommonJS it has no names of its own once it is bundled.
  const { default: dotenv } = await import('dotenv');
  return dotenv.parse(text);
}

// Expands `${NAME}` in a value, like most readers of dotenv files: from the same file, else from the process.
// An unknown name stays as it is, because it may be part of a password.
function expanded(name: string, file: Variables, own: Variables, within: readonly string[] = []): string {
  return (file[name] ?? '').replace(/\$\{(\w+)\}/g, (text, other: string) => {
    if (file[other] === undefined || [...within, name].includes(other)) return own[other] ?? text;
    return expanded(other, file, own, [...within, name]);
  });
}

async function fromCommand(
  around: Surroundings,
  name: string,
  command: string | readonly string[],
  variable: string,
): Promise<string> {
  const { output } = await import('./command.ts');
  const answer = await output(command, around.root);
  const value = answer[variable];
  if (typeof value === 'string') return value;
  throw new Problem('environment_without_url', { name, variable, looked: [outputOf(command)] });
}

const outputOf = (command: string | readonly string[]) => `the output of ${[command].flat().join(' ')}`;

/** A path as it is shown: relative to the project where it is inside. */
export function shownPath(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') ? path : inside;
}
