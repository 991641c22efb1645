// Opens the sessions of a list of URLs, each with variables of its own, and prints what each one is: run as a
// process.
import { connect } from '../../lib/pg/connect.ts';

/** One session to open. */
export interface Wanted {
  readonly url: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Tells one session from another. */
export const identity = `select pg_catalog.inet_server_addr(), pg_catalog.inet_server_port(), current_user,
  pg_catalog.current_database(),
  (select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()),
  pg_catalog.current_setting('application_name')`;

async function outcome({ url, variables }: Wanted): Promise<string> {
  Object.assign(process.env, variables);
  try {
    const connection = await connect({ url, applicationName: 'psql', connectTimeoutMs: 3_000 });
    const [row] = await connection.rows<Record<string, unknown>>(identity);
    await connection.close();
    return Object.values(row ?? {})
      .map((value) => (typeof value === 'boolean' ? (value ? 't' : 'f') : (value ?? '')))
      .join('|');
  } catch (thrown) {
    return `refused ${thrown instanceof Error ? `${thrown.message} ${JSON.stringify(thrown)}` : thrown}`;
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

if (process.argv[1] === import.meta.filename) {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const outcomes: string[] = [];
  for (const wanted of JSON.parse(Buffer.concat(chunks).toString()) as Wanted[])
    outcomes.push(await outcome(wanted));
  process.stdout.write(JSON.stringify(outcomes));
}
