// Statements as bytes, each in a message of its own (manual: "Extended Query"). The server refuses a message
// with more than one statement, so no text can hide a second one.
import type { Submittable } from 'pg';
import type { Channel } from './copy.ts';
import { message, zeros } from './messages.ts';
import { toServerProblem } from './server-problem.ts';

/** The session of a script, whose encoding and reading of quotes the script may change. */
export interface ScriptSession {
  /**
   * Runs statements in their order, up to the first that fails.
   * @throws Problem with the number of statements that ran, as `completed`
   */
  run(statements: readonly Uint8Array[]): Promise<void>;
  /** Has the server's grammar read statements, of which none runs. @throws Problem as `run` */
  parse(statements: readonly Uint8Array[]): Promise<void>;
  /** Runs `COPY … FROM STDIN`, as `ServerConnection.copyIn` does. */
  copyIn(statement: Uint8Array, rows: AsyncIterable<Uint8Array>): Promise<number>;
  /** A parameter as the server last reported it: `client_encoding`, `standard_conforming_strings`. */
  reported(name: string): string;
}

/** The part of the driver's inner connection that a pipeline uses. */
interface Wire extends NodeJS.EventEmitter {
  readonly stream: { cork(): void; uncork(): void; write(bytes: Uint8Array): boolean };
  sendCopyFail(reason: string): void;
}

// Of the unnamed statement without parameters, as the unnamed portal, with all of its rows as text.
const parsing = (sql: Uint8Array) => message('P', zeros(1), sql, zeros(3));
const running = Buffer.concat([message('B', zeros(8)), message('E', zeros(5))]);
const ending = message('S');

// The methods of a query that the driver calls while it runs.
class Pipeline implements Submittable {
  readonly #bytes: readonly Uint8Array[];
  readonly #done: (thrown?: unknown) => void;
  completed = 0;

  constructor(bytes: readonly Uint8Array[], done: (thrown?: unknown) => void) {
    this.#bytes = bytes;
    this.#done = done;
  }

  submit(connection: unknown): void {
    const { stream } = connection as Wire;
    stream.cork();
    for (const bytes of this.#bytes) stream.write(bytes);
    stream.write(ending);
    stream.uncork();
  }
  handleError(thrown: unknown): void {
    this.#done(thrown);
  }
  handleReadyForQuery(): void {
    this.#done();
  }
  handleCommandComplete(): void {
    this.completed++;
  }
  handleEmptyQuery(): void {
    this.completed++;
  }
  handleCopyInResponse(connection: unknown): void {
    (connection as Wire).sendCopyFail('no rows are expected');
  }
  handleCopyData(): void {}
  handlePortalSuspended(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
}

// Bytes of a failed statement in which its error is located; a text can have too many for one string.
const shownLength = 1 << 20;

/** Runs statements, or has them read. @throws Problem with `completed` */
export async function sendEach(
  { client, watch }: Pick<Channel, 'client' | 'watch'>,
  environment: string,
  statements: readonly Uint8Array[],
  parseOnly = false,
): Promise<void> {
  if (statements.length === 0) return;
  const wire = (client as unknown as { connection: Wire }).connection;
  let parsed = 0;
  const count = () => {
    parsed++;
  };
  const bytes = statements.flatMap((sql) => (parseOnly ? [parsing(sql)] : [parsing(sql), running]));
  wire.on('parseComplete', count);
  try {
    await watch.during(
      new Promise<void>((resolve, reject) => {
        const pipeline = new Pipeline(bytes, (thrown) => {
          if (thrown === undefined) return resolve();
          const completed = parseOnly ? parsed : pipeline.completed;
          const sql = Buffer.from((statements[completed] ?? zeros(0)).subarray(0, shownLength)).toString();
          reject(toServerProblem(thrown, { environment, sql, role: client.user, completed }));
        });
        client.query(pipeline);
      }),
    );
  } finally {
    wire.off('parseComplete', count);
  }
}
