// Opens sessions on PostgreSQL servers.
import { Problem } from '../problem/problem.ts';
import { maskUrl, rememberSecret } from '../problem/redact.ts';
import { type ConnectTry, openFirstSession } from './attempts.ts';
import type { ServerConnection } from './connection.ts';
import { type Channel, copyIn, copyOut } from './copy.ts';
import { dial } from './dial.ts';
import { type Driver, type DriverQueries, logIn } from './driver.ts';
import type { Parameters } from './parameters.ts';
import { buildOpening } from './pinned.ts';
import { type ScriptSession, sendEach } from './pipeline.ts';
import { sharesSession } from './pooler.ts';
import { computeProbeTimeout, probeSession } from './probe.ts';
import { nameServer, type Route, resolveRoute, type ServerPlace } from './route.ts';
import { toServerProblem } from './server-problem.ts';
import { findSessionMisfit } from './session-rules.ts';
import { type Watch, watchSession } from './watch.ts';

/** The oldest major version that is supported. */
export const oldestMajor = 15;

/** The database to open, with the options of the session. */
export interface ConnectTarget {
  /** `postgres://` or `postgresql://`; missing parts come from PGHOST, PGUSER, PGPASSWORD and so on. */
  readonly url: string;
  /** The environment's name, for people; without one the URL is shown, without its password. */
  readonly name?: string;
  /** The place of the URL, for messages: `DATABASE_URL in .env`. */
  readonly found?: string;
  /** The time limit until the session is ready, in milliseconds: name, TCP, TLS, login. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /**
   * Milliseconds without a byte from a server that is waited for, after which it is asked whether the session
   * is still there. Default: 60 s; 0: never.
   */
  readonly stallTimeoutMs?: number;
  /** Receives a message each time that the server sent nothing for so long, and is waited for. */
  readonly onSilence?: ((message: string) => void) | undefined;
  /** Ends the session, or the attempt to open it, at any point. */
  readonly signal?: AbortSignal;
  /** Shown in pg_stat_activity, unless the URL or PGAPPNAME says otherwise. */
  readonly applicationName: string;
}

/**
 * Opens a session.
 * @throws Problem `bad_url`, `connection_refused`, `host_not_found`, `connection_timeout`, `wrong_password`,
 * `login_refused`, `missing_database`, `too_many_connections`, `server_unavailable`, `ssl_failed`,
 * `server_too_old`
 */
export async function connect(target: ConnectTarget): Promise<ServerConnection> {
  const { name: environment = maskUrl(target.url), found } = target;
  const whose = { environment, ...(found === undefined ? {} : { found }) };
  rememberSecret(target.url);
  const route = resolveRoute(target.url, whose);
  return openFirstSession(route, whose, (one) => open(route, one, target, environment));
}

// As libpq takes it: 0 means no limit.
function limitOf({ connectTimeoutMs }: ConnectTarget, { connect_timeout }: Parameters): number {
  return connectTimeoutMs ?? Math.max(0, Number(connect_timeout ?? '10')) * 1000;
}

async function open(
  route: Route,
  one: ConnectTry,
  target: ConnectTarget,
  environment: string,
): Promise<ServerConnection> {
  const { applicationName, stallTimeoutMs = 60_000, onSilence } = target;
  const limit = limitOf(target, route.said);
  // Loaded here, because it costs about 30 ms that a run without a server need not pay.
  const { default: pg } = await import('pg');
  const { place, way, orPlain } = one;
  const dialled = await dial({ place, way, orPlain, said: route.said, limit });
  endOnAbort(dialled, target.signal);
  const driver = await logIn(pg, route, place, { stream: dialled.stream, limit, applicationName });
  const { major, version } = await checkServer(driver, one, environment);
  // On the same server only, without a watch of its own.
  const second = { ...target, stallTimeoutMs: 0, connectTimeoutMs: computeProbeTimeout(stallTimeoutMs) };
  const again = (signal: AbortSignal) => open(route, one, { ...second, signal }, environment);
  const rules = { stallTimeoutMs, place, environment, onSilence };
  const { watch, close } = guardSession(driver, dialled, again, rules);
  const queries = driver.queries(watch, environment);
  const [opened] = await queries.send(buildOpening(driver.backend)).catch(async (thrown: unknown) => {
    await driver.end();
    throw thrown;
  });
  const session: ServerConnection = {
    description: environment,
    major,
    version,
    backend: driver.backend,
    searchPath: String(opened?.rows[0]?.path ?? ''),
    notices: driver.notices,
    ...methodsOf(driver, queries, { watch, close, environment }),
    script: scriptOf(driver, { watch, close, environment }),
    isShared: () =>
      sharesSession(session, driver.backend, () => connect({ ...target, connectTimeoutMs: poolerTimeout })),
    close,
  };
  return session;
}

const poolerTimeout = 2000;

interface GuardRules extends Pick<ConnectTarget, 'onSilence'> {
  readonly stallTimeoutMs: number;
  readonly place: ServerPlace;
  readonly environment: string;
}

// Watches a session, and ends it where its server is silent.
function guardSession(
  driver: Driver,
  dialled: Awaited<ReturnType<typeof dial>>,
  again: (signal: AbortSignal) => Promise<ServerConnection>,
  { stallTimeoutMs, place, environment, onSilence }: GuardRules,
): Pick<Channel, 'close'> & { readonly watch: Watch } {
  const probe = (isSilent?: () => boolean) =>
    probeSession(driver.backend, computeProbeTimeout(stallTimeoutMs), again, isSilent);
  const watch = watchSession({
    ...dialled,
    limit: stallTimeoutMs,
    probe,
    waiting: (seconds) =>
      onSilence?.(`${environment} has sent nothing for ${seconds} s, but it answers: pgmage waits`),
    lost: (reason) => {
      const detail = `${nameServer(place)} sent nothing for ${stallTimeoutMs / 1000} s: ${reason}`;
      driver.destroy(new Problem('connection_lost', { environment, detail }));
    },
  });
  // A server that did not hang up may keep the session and its locks until another session ends it.
  const close = async () => {
    if (!(await driver.end()) && stallTimeoutMs > 0) await probe();
  };
  return { watch, close };
}

function endOnAbort({ stream, socket }: Awaited<ReturnType<typeof dial>>, signal?: AbortSignal): void {
  const late = () => stream.destroy(new Error('timeout expired'));
  signal?.addEventListener('abort', late);
  socket.once('close', () => signal?.removeEventListener('abort', late));
  if (signal?.aborted) late();
}

async function checkServer(
  driver: Driver,
  { place, wanted }: ConnectTry,
  environment: string,
): Promise<{ major: number; version: string }> {
  const version = driver.reported.get('server_version') ?? '';
  const misfit = findSessionMisfit(wanted, driver.reported);
  if (misfit !== null) {
    await driver.end();
    throw new Problem('unwanted_session', { environment, detail: `${nameServer(place)}: ${misfit}` });
  }
  const major = Number.parseInt(version, 10);
  if (major < oldestMajor) {
    await driver.end();
    throw new Problem('server_too_old', { environment, version });
  }
  return { major, version };
}

function scriptOf(
  { client, reported }: Driver,
  { watch, close, environment }: Pick<Channel, 'watch' | 'close'> & { readonly environment: string },
): ScriptSession {
  const problem = (thrown: unknown) => toServerProblem(thrown, { environment, sql: '' });
  const channel: Channel = { client, watch, problem, close };
  return {
    run: (statements) => sendEach(channel, environment, statements),
    parse: (statements) => sendEach(channel, environment, statements, true),
    copyIn: (statement, rows) => copyIn(channel, statement, rows),
    reported: (name) => reported.get(name) ?? '',
  };
}

function methodsOf(
  { client }: Driver,
  { send, stream }: DriverQueries,
  { watch, close, environment }: Pick<Channel, 'watch' | 'close'> & { readonly environment: string },
): Pick<ServerConnection, 'rows' | 'batch' | 'stream' | 'execute' | 'copyOut' | 'copyIn'> {
  const channel = (sql: string): Channel => ({
    client,
    watch,
    problem: (thrown) => toServerProblem(thrown, { environment, sql }),
    close,
  });
  return {
    async rows<Row>(sql: string, parameters?: readonly unknown[]) {
      const [result] = await send(sql, parameters);
      return (result?.rows ?? []) as Row[];
    },
    async batch(queries) {
      if (queries.length === 0) return [];
      // A line end before the semicolon, so that a query may end in a comment.
      const results = await send(queries.join('\n;\n'));
      if (results.length !== queries.length)
        throw new Problem('internal', { reason: `${queries.length} queries gave ${results.length} results` });
      return results.map((result) => result.rows as unknown[]);
    },
    stream,
    async execute(sql) {
      await send(sql);
    },
    copyOut: (sql) => copyOut(channel(sql), sql),
    copyIn: (sql, pieces) => copyIn(channel(sql), sql, pieces),
  };
}
