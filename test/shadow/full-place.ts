// A process whose private server has little room: it loads more than fits, and prints what it was told and
// how many tables there are: `tsx full-place.ts CACHE`.
import { ShadowPool } from '../../lib/project/shadow-pool.ts';

const [cacheDir = ''] = process.argv.slice(2);
const said: string[] = [];
const project = { root: import.meta.dirname, cacheDir, shadow: 'native' };
const world = { progress: () => undefined, detail: (message: string) => void said.push(message) };
const shadows = new ShadowPool(project as never, world as never);
const fill = `do $$ begin for i in 1..1500 loop
  execute format('create table t%s (id int primary key, t text unique)', i); end loop; end $$`;
const rows = await shadows.use([], (shadow) =>
  shadow.state(async (connection) => {
    await connection.execute(fill);
    return connection.rows(`select count(*)::int as tables, version() like '%wasm%' as wasm
      from pg_tables where schemaname = 'public'`);
  }),
);
await shadows.close();
process.stdout.write(JSON.stringify({ said, rows }));
