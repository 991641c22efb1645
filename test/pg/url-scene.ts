// Two servers with and without encryption, and URLs that lead to them.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, installedServers } from '../servers/binaries.ts';
import { type OwnServer, query, startServer } from '../servers/server.ts';
import { makeCertificates } from './certificates.ts';
import type { Wanted } from './sessions.ts';

/** The programs of an installed server; undefined: there is none. */
export const [programs] = installedServers();

const hba = `local all all trust
hostssl all only_ssl all scram-sha-256
hostnossl all only_plain all scram-sha-256
hostssl all certified all cert
host all only_ssl,only_plain,certified all reject
host all trusted all trust
host all clear all password
host all hashed all md5
host all all all scram-sha-256
`;

let folder: string;
let ssl: OwnServer;
let plain: OwnServer;

/** Starts both servers, with roles for each way to log in. */
export async function startScene(): Promise<void> {
  if (programs === undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'pgmage-connecting-'));
  chmodSync(folder, 0o755);
  const { user } = install(programs);
  makeCertificates(folder, user);
  writeFileSync(join(folder, 'hba'), hba);
  const at = (name: string) => join(folder, name);
  const hbaFile = { hba_file: at('hba'), listen_addresses: 'localhost' };
  const files = {
    ssl_cert_file: at('server.crt'),
    ssl_key_file: at('server.key'),
    ssl_ca_file: at('ca.crt'),
  };
  [ssl, plain] = await Promise.all([
    startServer(programs, { ...hbaFile, ...files, ssl: 'on' }),
    startServer(programs, hbaFile),
  ]);
  for (const server of [ssl, plain])
    await query(
      server.socket(),
      `set password_encryption = 'md5'; create role hashed login password 'p w';
       reset password_encryption;
       ${['only_ssl', 'only_plain', 'certified', 'trusted', 'clear', 'app'].map((role) => `create role ${role} login password 'p w';`).join('')}`,
    ).then(async () => {
      await query(server.socket(), 'create database "a/b"');
      await query(server.socket(), 'create database app');
    });
  home(
    '.pgpass',
    `localhost:*:*:app:p w\n127.0.0.1:${ssl.port}:a/b:only_ssl:p w\n*:*:*:clear:p\\ w\n`,
    0o600,
  );
  home('open', '*:*:*:*:p w\n', 0o644);
  home(
    '.pg_service.conf',
    `# services\n[here]\nhost=localhost\nport=${ssl.port}\nuser=trusted\ndbname=postgres\n[bad]\nnonsense=1\n`,
    0o600,
  );
}

/** Stops them, and removes their files. */
export async function stopScene(): Promise<void> {
  await Promise.all([ssl?.stop(), plain?.stop()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

function home(name: string, text: string, mode: number): void {
  const directory = join(folder, 'home');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), text);
  chmodSync(join(directory, name), mode);
}

/**
 * A URL with the ports of the servers with and without encryption for S and P, the folder of the certificates
 * for D, that of the socket for SOCKET.
 */
export const spelled = (text: string) =>
  text
    .replace(/\bS\b/g, String(ssl.port))
    .replace(/\bP\b/g, String(plain.port))
    .replaceAll('D/', `${folder}/`)
    .replace('host=SOCKET', `host=${plain.directory}`)
    .replace('SOCKET', encodeURIComponent(plain.directory));

/** The variables of a process that opens sessions. */
export const environment = (variables: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH,
  HOME: join(folder, 'home'),
  ...variables,
});

/** Opens sessions by pgmage in a process of its own. */
export function openByPgmage(wanted: readonly Wanted[]): { outcomes: string[]; stderr: string } {
  const words = ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'sessions.ts')];
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    input: JSON.stringify(wanted),
    env: environment({}),
    encoding: 'utf8',
  });
  return { outcomes: JSON.parse(stdout) as string[], stderr };
}
