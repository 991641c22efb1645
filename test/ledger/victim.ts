// A process that applies or undoes all migrations of a folder, and is killed when it sends its n-th
// statement: `tsx victim.ts URL FOLDER DIRECTION N`. It ends with 0 where there are fewer statements.
import { kill, pid } from 'node:process';
import { runMigrations } from '../../lib/ledger/applying.ts';
import { withLock } from '../../lib/ledger/lock.ts';
import { prepareLedger } from '../../lib/ledger/tables.ts';
import { readMigrations } from '../../lib/project/migration-folder.ts';
import { userSession } from '../servers/session.ts';
import { faulty } from './faulty.ts';

const [url = '', folder = '', direction, at] = process.argv.slice(2);
const server = await userSession({ url, applicationName: 'pgmage tests' });
const connection = faulty(server, Number(at), async () => {
  kill(pid, 'SIGKILL');
  await new Promise(() => undefined);
});
const files = await readMigrations({ root: folder, migrations: folder } as never);
const author = { systemUser: null, gitAuthor: null, gitCommit: null, tool: 'victim' };
await withLock(connection, 'local', async () => {
  await prepareLedger(connection);
  const of = { connection, environment: 'local', folder, files, author };
  await (direction === 'down'
    ? runMigrations(of, 'down', [...files].reverse())
    : runMigrations(of, 'up', files));
});
await server.close();
