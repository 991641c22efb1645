// The target of a connection: from its URL, then its service, then the PG* variables, then libpq's defaults.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { env, platform } from 'node:process';
import { Problem } from '../problem/problem.ts';
import { readPassword, readService } from './libpq-files.ts';
import { explainRefusal, type Parameters, readVariables, toVariables } from './parameters.ts';
import { readUrl, type UrlOwner } from './url.ts';

/** One server to try. */
export interface ServerPlace {
  /** A name, or the folder of a socket: what certificates and password files know. */
  readonly host: string;
  /** The address to dial. */
  readonly address: string;
  readonly port: number;
  readonly password: string | undefined;
  /** Why a password file was not used. */
  readonly refused: string | undefined;
}

/** All that opening a session takes. */
export interface Route {
  readonly places: readonly ServerPlace[];
  readonly user: string;
  readonly database: string;
  readonly said: Parameters;
}

/** `host:port`, or the file of a socket. */
export function nameServer({ host, address, port }: Pick<ServerPlace, 'host' | 'address' | 'port'>): string {
  if (address.startsWith('/')) return `${address}/.s.PGSQL.${port}`;
  const name = host.startsWith('/') || host === '' ? address : host;
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

/**
 * Reads a URL with all that libpq adds to it.
 * @throws Problem `bad_url`
 */
export function resolveRoute(url: string, whose: UrlOwner): Route {
  const wrong = (reason: string) => new Problem('bad_url', { ...whose, reason });
  const said = merged(readUrl(url, whose), wrong);
  // The first request to the server would not be possible without encryption.
  if (said.sslnegotiation === 'direct' && !/^(require|verify-.*)$/.test(said.sslmode ?? ''))
    throw wrong('sslnegotiation=direct needs sslmode=require, verify-ca or verify-full');
  const user = said.user || systemUser();
  const database = said.dbname || user;
  const hosts = listOf(said.host);
  const addresses = listOf(said.hostaddr);
  if (hosts.length > 0 && addresses.length > 0 && hosts.length !== addresses.length)
    throw wrong(`it names ${hosts.length} hosts and ${addresses.length} addresses`);
  const count = Math.max(1, hosts.length, addresses.length);
  const ports = listOf(said.port);
  if (ports.length > 1 && ports.length !== count)
    throw wrong(`it names ${count} hosts and ${ports.length} ports`);
  const places = Array.from({ length: count }, (_, index): ServerPlace => {
    const port = portOf(ports[ports.length > 1 ? index : 0] ?? '', wrong);
    const host = hosts[index] || (addresses[index] ? '' : usualHost(port));
    const address = addresses[index] || host;
    const login = { host: fileHost(host || address), port, dbname: database, user };
    const found = said.password
      ? { password: said.password }
      : readPassword(said.passfile || undefined, login);
    return { host: host || address, address, port, password: found.password, refused: found.refused };
  });
  return { places, user, database, said };
}

function merged(own: Parameters, wrong: (reason: string) => Problem): Parameters {
  const { service: usual, hostaddr, ...inherited } = readVariables(env);
  // Unlike libpq: a host in the URL overrides any inherited service or address.
  const isPlaced = Boolean(own.host || own.hostaddr);
  const service = own.service ?? (isPlaced ? undefined : usual);
  const file = own.servicefile ?? inherited.servicefile;
  const served = service ? readService(service, file, env.PGSYSCONFDIR ?? systemFolder()) : {};
  if (served === null) throw wrong(`the service ${service} is in no service file`);
  const rest = isPlaced || served.host || hostaddr === undefined ? inherited : { ...inherited, hostaddr };
  for (const [from, values] of [
    [`the service ${service}`, served],
    ['the environment', rest],
  ] as const)
    for (const [name, value] of Object.entries(values)) {
      const refused = own[name] === undefined ? explainRefusal(name, value) : null;
      if (refused !== null) throw wrong(`${from} says ${refused}`);
    }
  return { ...rest, ...served, ...own };
}

const listOf = (text: string | undefined) => (text ? text.split(',') : []);

function portOf(text: string, wrong: (reason: string) => Problem): number {
  if (text.trim() === '') return 5432;
  const port = /^\s*\d+\s*$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw wrong(`the port is "${text}", which is not a number from 1 to 65535`);
  return port;
}

// The socket folders of the packages of Debian and Red Hat, and of PostgreSQL itself.
const socketFolders = ['/var/run/postgresql', '/tmp'];

// Without a host it is the socket of this machine. Where none is there, it is this machine over TCP, as on
// Windows.
function usualHost(port: number): string {
  return socketFolders.find((folder) => existsSync(join(folder, `.s.PGSQL.${port}`))) ?? 'localhost';
}

// Password files call the usual socket by this name.
const fileHost = (host: string) => (socketFolders.includes(host) ? 'localhost' : host);

const systemFolder = () =>
  ['/etc/postgresql-common', '/etc/postgresql', '/etc/sysconfig/pgsql'].find((one) => existsSync(one)) ??
  '/etc';

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return (platform === 'win32' ? env.USERNAME : env.USER) ?? 'postgres';
  }
}

/** The keepalive settings: pgmage's defaults unless the URL sets them, in seconds and milliseconds. */
export function readKeepalive({ said }: Pick<Route, 'said'>) {
  const { keepalives = '1', keepalives_idle, keepalives_interval, keepalives_count, tcp_user_timeout } = said;
  return {
    keepalives: Number(keepalives),
    keepalives_idle: Number(keepalives_idle) || 10,
    keepalives_interval: Number(keepalives_interval) || 10,
    keepalives_count: Number(keepalives_count) || 3,
    tcp_user_timeout: Number(tcp_user_timeout) || 40_000,
  };
}

/** The access of a PostgreSQL program to a database: variables, and arguments where there is no variable. */
export interface ClientAccess {
  readonly variables: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/**
 * The way to a database for PostgreSQL's own programs, so that no password is among their arguments. They
 * also need an environment without other variables of libpq.
 * @param database where it is not the one of the URL
 * @throws Problem `bad_url`
 */
export function resolveClientAccess(url: string, whose: UrlOwner, database?: string): ClientAccess {
  const route = resolveRoute(url, whose);
  const { service: _, servicefile: __, ...said } = route.said;
  // It has no variable, and arguments are in the list of processes.
  if (said.sslpassword)
    throw new Problem('bad_url', {
      ...whose,
      reason: 'pg_dump does not support sslpassword: use --engine native, or a key without a password',
    });
  const [first, ...others] = route.places as [ServerPlace, ...ServerPlace[]];
  const { host, address, port, password } = first;
  const place: Parameters =
    others.length > 0
      ? {}
      : {
          host,
          port: String(port),
          ...(address !== host && { hostaddr: address }),
          ...(password !== undefined && { password }),
        };
  const usual = { sslmode: 'prefer', connect_timeout: '10' };
  const named = { ...usual, ...said, ...place, user: route.user, dbname: database ?? route.database };
  const keepalive = Object.entries(readKeepalive(route)).map(([name, value]) => `${name}=${value}`);
  return { variables: toVariables(named), words: [`--dbname=${keepalive.join(' ')}`] };
}
