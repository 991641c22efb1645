// A program that reads the catalog of one live database, the way every command does, and prints how long that
// took.
import { readCatalog } from '../lib/catalog/read.ts';
import { kinds } from '../lib/kinds/index.ts';
import { connect } from '../lib/pg/connect.ts';
import { snapshot } from '../lib/pg/snapshot.ts';

const start = performance.now();
const connection = await connect({ url: process.argv[2] as string, applicationName: 'pgmage bench' });
await snapshot(connection, (reader) => readCatalog(reader, kinds));
const time = performance.now() - start;
await connection.close();
process.stdout.write(`${time}\n`);
