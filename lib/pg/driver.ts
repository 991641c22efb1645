// The driver's client: its login on a stream that is open already, and its queries.
import type { Socket } from 'node:net';
import type { Client, ClientConfig, QueryResult } from 'pg';
import { redact } from '../problem/redact.ts';
import type { Notice, ServerConnection } from './connection.ts';
import type { Parameters } from './parameters.ts';
import type { Route, ServerPlace } from './route.ts';
import { toServerProblem } from './server-problem.ts';
import { guardLogin, type InnerClient } from './session-rules.ts';
import type { Watch } from './watch.ts';

/** The stream of a session, and what the login needs besides the route. */
export interface LoginOptions {
  readonly stream: Socket;
  /** Milliseconds; 0: no limit. */
  readonly limit: number;
  /** Shown in pg_stat_activity, unless the route says otherwise. */
  readonly applicationName: string;
}

/** Sends queries, with the server's errors as Problems. */
export interface DriverQueries {
  send(sql: string, parameters?: readonly unknown[]): Promise<QueryResult[]>;
  readonly stream: ServerConnection['stream'];
}

/** Logs in. @throws the driver's error, or the Problem that `guardLogin` has found */
export async function logIn(
  pg: Pick<typeof import('pg'), 'Client' | 'Query' | 'types'>,
  route: Route,
  place: ServerPlace,
  options: LoginOptions,
): Promise<Driver> {
  const { user, database, said } = route;
  const client = new pg.Client({
    host: place.host,
    port: place.port,
    user,
    database,
    // Asked for only where the server wants one: left to itself, the driver would read .pgpass.
    password: () => passwordOf(place),
    ssl: false,
    stream: () => connected(options.stream),
    client_encoding: 'UTF8',
    enableChannelBinding: said.channel_binding === 'require',
    ...(said.options && { options: said.options }),
    ...(said.application_name && { application_name: said.application_name }),
    fallback_application_name: said.fallback_application_name || options.applicationName,
    connectionTimeoutMillis: options.limit,
    types: { getTypeParser: parserOf(pg.types.getTypeParser) },
  } as ClientConfig);
  const driver = new Driver(client, pg.Query);
  await driver.connect(said);
  return driver;
}

type QueryClass = typeof import('pg').Query;

/** A client of the driver, with what it hears of the server. */
export class Driver {
  readonly client: Client;
  readonly notices: Notice[] = [];
  /** The parameters that the server reports. */
  readonly reported = new Map<string, string>();
  readonly #inner: InnerClient;
  readonly #Query: QueryClass;
  // The number of statements of one message that ran before the failed one.
  #completed = 0;

  constructor(client: Client, Query: QueryClass) {
    this.client = client;
    this.#Query = Query;
    // The driver keeps the server's parameters in its inner connection, which its types omit.
    this.#inner = (client as unknown as { connection: InnerClient }).connection;
    this.#inner.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) =>
      this.reported.set(status.parameterName, status.parameterValue),
    );
    this.#inner.on('commandComplete', () => this.#completed++);
    client.on('notice', ({ severity = '', code = '', message = '' }) =>
      this.notices.push({ severity, sqlstate: code, message: redact(message) }),
    );
    // A session that is lost between two statements is noticed by the next one; unheard, the event would end
    // the process.
    client.on('error', () => undefined);
  }

  /** The process id of the session on its server; null: it has none. */
  get backend(): number | null {
    return (this.client as unknown as { processID: number | null }).processID;
  }

  async connect(said: Parameters): Promise<void> {
    const refusal = guardLogin(this.#inner, said);
    await this.client.connect().catch((thrown: unknown) => {
      // Left open, the server goes on waiting for a login, and meanwhile no database can be made or
      // dropped on
      // it.
      this.destroy();
      throw refusal() ?? thrown;
    });
    const refused = refusal();
    if (refused !== undefined) throw refused;
  }

  /** Ends the session at once. */
  destroy(reason?: Error): void {
    this.#inner.stream.destroy(reason);
  }

  /** Ends the session. A network that has gone silent hangs nothing up. Gives whether the server did. */
  async end(): Promise<boolean> {
    let isHeard = true;
    const timer = setTimeout(() => {
      isHeard = false;
      this.destroy();
    }, farewell);
    await this.client.end().finally(() => clearTimeout(timer));
    return isHeard;
  }

  /** @param environment its name, for Problems */
  queries(watch: Watch, environment: string): DriverQueries {
    const { user: role } = this.client;
    return {
      send: async (sql, parameters) => {
        this.#completed = 0;
        try {
          const answer = await watch.during(
            this.client.query(parameters ? { text: sql, values: [...parameters] } : sql) as Promise<unknown>,
            sql === 'rollback',
          );
          return (Array.isArray(answer) ? answer : [answer]) as QueryResult[];
        } catch (thrown) {
          throw toServerProblem(thrown, { environment, sql, role, completed: this.#completed });
        }
      },
      stream: async (queries, take) => {
        const sql = queries.join('\n;\n');
        const query = new this.#Query<Record<string, unknown>>(sql);
        const failed = takeRows(query, take);
        const ended = new Promise<void>((resolve, reject) => {
          query.on('end', () => resolve());
          query.on('error', (thrown) => reject(toServerProblem(thrown, { environment, sql, role })));
          this.client.query(query);
        });
        await watch.during(ended);
        const failure = failed();
        if (failure !== undefined) throw failure.thrown;
      },
    };
  }
}

// An exception inside the event handler would end the process. Gives the first one.
function takeRows(
  query: InstanceType<QueryClass>,
  take: (value: unknown, index: number) => void,
): () => { readonly thrown: unknown } | undefined {
  let index = 0;
  let failure: { readonly thrown: unknown } | undefined;
  query.on('row', (row) => {
    try {
      if (failure === undefined) take(Object.values(row as object)[0], index++);
    } catch (thrown) {
      failure = { thrown };
    }
  });
  return () => failure;
}

// The time that a server may take to hang up.
const farewell = 3_000;

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
