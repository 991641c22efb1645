// `npm run chain`: a long chain of generated migrations, there, back to the middle and there again.
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { walkChain } from './walk.ts';

const { values } = parseArgs({
  options: {
    length: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    major: { type: 'string', default: '18' },
  },
});
const [length, seed] = [Number(values.length), Number(values.seed)];
process.stdout.write(`--length ${length} --seed ${seed} --major ${values.major}\n`);
const server = await startServer(whichServer(values.major));
const began = Date.now();
const { migrations, compared, failures } = await walkChain(server, { length, seed }, (text) =>
  process.stdout.write(`${((Date.now() - began) / 1000).toFixed(0)} s ${text}\n`),
);
await server.stop();
process.stdout.write(
  `${migrations} migrations, ${compared} fingerprints compared on the ways back and again,` +
    ` ${failures.length} failures\n`,
);
process.exitCode = failures.length === 0 && migrations >= length ? 0 : 1;
