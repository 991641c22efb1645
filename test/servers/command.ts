// `npx tsx test/servers/command.ts 18`: a server in the foreground for trying things by hand, until Ctrl-C.
import { whichServer } from './binaries.ts';
import { startServer } from './server.ts';

const server = await startServer(whichServer(process.argv[2] ?? '18'));
process.stdout.write(`${server.url()}\n${server.socket()}\n`);
const waiting = setInterval(() => {}, 1 << 30);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.stop().then(() => clearInterval(waiting)));
