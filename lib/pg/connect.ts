// Opens sessions on PostgreSQL servers: the one place where the driver is.
import type { Socket } from 'node:net';
import type { Client, ClientConfig, QueryResult } from 'pg';
import { Problem } from '../problem/problem.ts';
import { maskUrl, redact, rememberSecret } from '../problem/redact.ts';
import { type ConnectTry, openFirstSession } from './attempts.ts';
import type { Notice, ServerConnection } from './connection.ts';
import { type Channel, copyIn, copyOut } from './copy.ts';
import { dial } from './dial.ts';
import type { Parameters } from './parameters.ts';
import { buildOpening } from './pinned.ts';
import { sharesSession } from './pooler.ts';
import { computeProbeTimeout, probeSession } from './probe.ts';
import { nameServer, type Route, resolveRoute, type ServerPlace } from './route.ts';
import { toServerProblem } from './server-problem.ts';
import { findSessionMisfit, guardLogin, type InnerClient } from './session-rules.ts';
import { watchSession } from './watch.ts';

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
  const { user, database, said } = route;
  const { place, way, orPlain, wanted } = one;
  const limit = limitOf(target, said);
  // Loaded here, because it costs about 30 ms that a run without a server need not pay.
  const { default: pg } = await import('pg');
  const { signal } = target;
  const dialled = await dial({ place, way, orPlain, said, limit });
  const late = () => dialled.stream.destroy(new Error('timeout expired'));
  signal?.addEventListener('abort', late);
  dialled.socket.once('close', () => signal?.removeEventListener('abort', late));
  if (signal?.aborted) late();
  const client = new pg.Client({
    host: place.host,
    port: place.port,
    user,
    database,
    // Asked for only where the server wants one: left to itself, the driver would read .pgpass.
    password: () => passwordOf(place),
    ssl: false,
    stream: () => connected(dialled.stream),
    client_encoding: 'UTF8',
    enableChannelBinding: said.channel_binding === 'require',
    ...(said.options && { options: said.options }),
    ...(said.application_name && { application_name: said.application_name }),
    fallback_application_name: said.fallback_application_name || target.applicationName,
    connectionTimeoutMillis: limit,
    types: { getTypeParser: parserOf(pg.types.getTypeParser) },
  } as ClientConfig);
  const notices: Notice[] = [];
  const reported = new Map<string, string>();
  // The driver keeps the server's parameters in its inner connection, which its types omit.
  const { connection } = client as unknown as { connection: InnerClient };
  connection.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) =>
    reported.set(status.parameterName, status.parameterValue),
  );
  const refusal = guardLogin(connection, said);
  // The number of statements of one message that ran before the failed one.
  let completed = 0;
  connection.on('commandComplete', () => completed++);
  client.on('notice', ({ severity = '', code = '', message = '' }) =>
    notices.push({ severity, sqlstate: code, message: redact(message) }),
  );
  // A session that is lost between two statements is noticed by the next one; unheard, the event would end
  // the process.
  client.on('error', () => undefined);
  await client.connect().catch((thrown: unknown) => {
    // Left open, the server goes on waiting for a login, and meanwhile no database can be made or dropped on
    // it.
    connection.stream.destroy();
    throw refusal() ?? thrown;
  });
  const refused = refusal();
  if (refused !== undefined) throw refused;
  const version = reported.get('server_version') ?? '';
  const misfit = findSessionMisfit(wanted, reported);
  if (misfit !== null) {
    await ended(client, connection);
    throw new Problem('unwanted_session', { environment, detail: `${nameServer(place)}: ${misfit}` });
  }
  const major = Number.parseInt(version, 10);
  if (major < oldestMajor) {
    await ended(client, connection);
    throw new Problem('server_too_old', { environment, version });
  }

  const backend = (client as unknown as { processID: number | null }).processID;
  const { stallTimeoutMs = 60_000 } = target;
  // On the same server only, without a watch of its own.
  const second = { ...target, stallTimeoutMs: 0, connectTimeoutMs: computeProbeTimeout(stallTimeoutMs) };
  const probe = (isSilent?: () => boolean) =>
    probeSession(
      backend,
      second.connectTimeoutMs,
      (until) => open(route, one, { ...second, signal: until }, environment),
      isSilent,
    );
  // A server that did not hang up may keep the session and its locks until another session ends it.
  const close = async () => {
    if (!(await ended(client, connection)) && stallTimeoutMs > 0) await probe();
  };
  const watch = watchSession({
    ...dialled,
    limit: stallTimeoutMs,
    probe,
    lost: (reason) => {
      const detail = `${nameServer(place)} sent nothing for ${stallTimeoutMs / 1000} s: ${reason}`;
      connection.stream.destroy(new Problem('connection_lost', { environment, detail }));
    },
  });
  const send = async (sql: string, parameters?: readonly unknown[]): Promise<QueryResult[]> => {
    completed = 0;
    try {
      const answer = await watch.during(
        client.query(parameters ? { text: sql, values: [...parameters] } : sql) as Promise<unknown>,
        sql === 'rollback',
      );
      return (Array.isArray(answer) ? answer : [answer]) as QueryResult[];
    } catch (thrown) {
      throw toServerProblem(thrown, { environment, sql, completed });
    }
  };

  const [opened] = await send(buildOpening(backend)).catch(async (thrown: unknown) => {
    await ended(client, connection);
    throw thrown;
  });

  const channel = (sql: string): Channel => ({
    client,
    watch,
    problem: (thrown) => toServerProblem(thrown, { environment, sql }),
    close,
  });

  const session: ServerConnection = {
    description: environment,
    major,
    version,
    backend,
    searchPath: String(opened?.rows[0]?.path ?? ''),
    notices,
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
    async stream(queries, take) {
      const sql = queries.join('\n;\n');
      const query = new pg.Query<Record<string, unknown>>(sql);
      let index = 0;
      // An exception inside the event handler would end the process.
      let failure: { readonly thrown: unknown } | undefined;
      query.on('row', (row) => {
        try {
          if (failure === undefined) take(Object.values(row)[0], index++);
        } catch (thrown) {
          failure = { thrown };
        }
      });
      const ended = new Promise<void>((resolve, reject) => {
        query.on('end', () => resolve());
        query.on('error', (thrown) => reject(toServerProblem(thrown, { environment, sql })));
        client.query(query);
      });
      await watch.during(ended);
      if (failure !== undefined) throw failure.thrown;
    },
    async execute(sql) {
      await send(sql);
    },
    copyOut: (sql) => copyOut(channel(sql), sql),
    copyIn: (sql, pieces) => copyIn(channel(sql), sql, pieces),
    isShared: () =>
      sharesSession(session, backend, () => connect({ ...target, connectTimeoutMs: poolerTimeout })),
    close,
  };
  return session;
}

const poolerTimeout = 2000;

// The time that a server may take to hang up.
const farewell = 3_000;

// A network that has gone silent hangs nothing up. Gives whether the server did.
async function ended(client: Client, { stream }: InnerClient): Promise<boolean> {
  let isHeard = true;
  const timer = setTimeout(() => {
    isHeard = false;
    stream.destroy();
  }, farewell);
  await client.end().finally(() => clearTimeout(timer));
  return isHeard;
}

async function passwordOf({ password }: ServerPlace): Promise<string> {
  return password ?? Promise.reject(new Error('password must be a string'));
}

// The driver opens sockets itself. This one is open already, and says so when the driver listens.
function connected(stream: Socket): Socket {
  return Object.assign(stream, {
    connect() {
      setImmediate(() => stream.emit('connect'));
      return stream;
    },
  });
}

// Object identifiers of types are fixed in PostgreSQL's pg_type.dat. Other types stay text as the server sent
// it: dates would lose microseconds as Date, int8 and numeric would lose digits as number.
const numbers = new Set([21, 23, 26, 700, 701]);
const asDriver = new Set([16, 114, 3802, 1009]);
const nameArray = 1003;
const textArray = 1009;

type ParserOf = (oid: number, format?: string) => (text: string) => unknown;

function parserOf(driver: unknown) {
  const parsers = driver as ParserOf;
  const own: ParserOf = (oid) => {
    if (numbers.has(oid)) return Number;
    if (oid === nameArray) return parsers(textArray);
    return asDriver.has(oid) ? parsers(oid) : (text) => text;
  };
  return own as never;
}
