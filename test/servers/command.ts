// `npx tsx test/servers/command.ts 18`: a server in the foreground for trying things by hand, until Ctrl-C.
import { startServer } from './server.ts';

const server = await startServer(Number(process.argv[2] ?? 18));
process.stdout.write(`${server.url()}\n${server.socket()}\n`);
process.once('SIGINT', () => void server.stop());
process.once('SIGTERM', () => void server.stop());
setInterval(() => {}, 1 << 30);
