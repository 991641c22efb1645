// A session whose queries are planned once: to plan what reads the catalogs takes longer than to run it.
import type { Connection } from '../../lib/pg/connection.ts';

/** The same session for queries that are asked again and again; those with parameters go as they are. */
export function prepared(session: Connection): Connection {
  const names = new Map<string, string>();
  const nameOf = async (sql: string): Promise<string> => {
    let name = names.get(sql);
    if (name === undefined) {
      name = `asked_${names.size}`;
      await session.execute(`prepare ${name} as ${sql}`);
      names.set(sql, name);
    }
    return name;
  };
  const calls = async (queries: readonly string[]): Promise<string[]> => {
    const named: string[] = [];
    for (const sql of queries) named.push(`execute ${await nameOf(sql)}`);
    return named;
  };
  return {
    description: session.description,
    major: session.major,
    async rows(sql, parameters) {
      return parameters ? session.rows(sql, parameters) : session.rows(`execute ${await nameOf(sql)}`);
    },
    batch: async (queries) => session.batch(await calls(queries)),
    stream: async (queries, take) => session.stream(await calls(queries), take),
    execute: (sql) => session.execute(sql),
    close: () => session.close(),
  };
}
