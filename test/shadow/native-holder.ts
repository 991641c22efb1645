// A process that holds a native shadow open until it is ended. It prints a line when the server is there.
import { findNativePrograms, openNativeShadow } from '../../lib/shadow/native.ts';

const options = { cacheDir: process.argv[2] as string };
const programs = await findNativePrograms(import.meta.dirname, options);
if (!('folder' in programs)) throw new Error(programs.reason);
const shadow = await openNativeShadow(programs, options);
await shadow.state(async (connection) => {
  await connection.execute('create table held ()');
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
