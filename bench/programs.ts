// A client program's output through zx against Node's spawn: docs/decisions/client-programs.md rests on it.
import { type Program, race } from './measure.ts';
import type { Part } from './parts.ts';

const megabytes = 512;
const command = ['head', '-c', String(megabytes << 20), '/dev/zero'];

// A stream that takes 50 MB/s, as a disk or a network that is slower than the program.
const slowly = `write(chunk, _, done) { setTimeout(done, chunk.length / 50_000) }`;
const atOnce = `write(_chunk, _, done) { done() }`;

const byZx = (take: string) => `
  import { $ } from 'zx';
  import { Writable } from 'node:stream';
  await $({ quiet: true })\`${command.join(' ')}\`.pipe(new Writable({ ${take} }));`;

const bySpawn = (take: string) => `
  import { spawn } from 'node:child_process';
  import { Writable } from 'node:stream';
  import { pipeline } from 'node:stream/promises';
  const child = spawn('${command[0]}', ${JSON.stringify(command.slice(1))});
  await pipeline(child.stdout, new Writable({ ${take} }));`;

/** The time and memory of 512 MB that a program prints into a stream. */
export const programs: Part = async ({ rounds }) => {
  const part = `${megabytes} MB of a program`;
  const run = (name: string, script: string): Program => ({
    name,
    command: [process.execPath, '--input-type=module', '-e', script],
  });
  const measured = await race(
    [
      run('zx', byZx(atOnce)),
      run('spawn', bySpawn(atOnce)),
      run('zx, 50 MB/s', byZx(slowly)),
      run('spawn, 50 MB/s', bySpawn(slowly)),
    ],
    rounds,
  );
  return measured.map((one) => ({ part, measured: one }));
};
