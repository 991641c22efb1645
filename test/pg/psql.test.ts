// A URL leads where psql goes with it: the same server, role, database, encryption and name, or both are
// refused.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { install, installedServers } from '../servers/binaries.ts';
import { type OwnServer, query, startServer } from '../servers/server.ts';
import { makeCertificates } from './certificates.ts';
import { identity, type Wanted } from './sessions.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const [programs] = installedServers();

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

beforeAll(async () => {
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
});

afterAll(async () => {
  await Promise.all([ssl?.stop(), plain?.stop()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function home(name: string, text: string, mode: number): void {
  const directory = join(folder, 'home');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), text);
  chmodSync(join(directory, name), mode);
}

// S and P are the ports with and without encryption, D is the folder of the certificates, SOCKET that of the
// socket.
const rows: readonly (readonly [url: string, variables?: Record<string, string>])[] = [
  ['postgres://app:p%20w@localhost:S/postgres'],
  ['postgres://app:p%20w@localhost:P/postgres'],
  ['postgresql://app:p%20w@127.0.0.1:S/postgres'],
  ['postgres://app:p w@localhost:S/postgres'],
  ['postgres://app:wrong@localhost:S/postgres'],
  ['postgres://app:p%20w@localhost:S/nowhere'],
  ['postgres://app:p%20w@localhost:S/a%2Fb'],
  ['postgres://app:p%20w@localhost:S'],
  ['postgres://app:p%20w@localhost:S/'],
  ['postgres://app@localhost:S/postgres'],
  ['postgres://app@127.0.0.1:S/postgres'],
  ['postgres://clear@127.0.0.1:S/postgres'],
  ['postgres://only_ssl@127.0.0.1:S/a%2Fb'],
  ['postgres://only_ssl@127.0.0.1:S/postgres'],
  ['postgres://app:p%20w@[::1]:S/postgres'],
  ['postgres://app:p%20w@127.0.0.1:1/postgres'],
  ['postgres://app:p%20w@nowhere.invalid:S/postgres'],
  ['postgres://app:p%20w@localhost:99999/postgres'],
  ['postgres://app:p%20w@localhost:x/postgres'],
  ...['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'nonsense', ''].flatMap(
    (mode) =>
      [
        [`postgres://app:p%20w@localhost:S/postgres?sslmode=${mode}`],
        [`postgres://app:p%20w@localhost:P/postgres?sslmode=${mode}`],
      ] as const,
  ),
  ['postgres://only_ssl:p%20w@localhost:S/postgres'],
  ['postgres://only_ssl:p%20w@localhost:S/postgres?sslmode=allow'],
  ['postgres://only_ssl:p%20w@localhost:S/postgres?sslmode=disable'],
  ['postgres://only_plain:p%20w@localhost:S/postgres'],
  ['postgres://only_plain:p%20w@localhost:S/postgres?sslmode=allow'],
  ['postgres://only_plain:p%20w@localhost:S/postgres?sslmode=require'],
  ['postgres://app:p%20w@localhost:S/postgres?ssl=true'],
  ['postgres://app:p%20w@localhost:S/postgres?SSLMODE=require'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=verify-ca&sslrootcert=D/ca.crt'],
  ['postgres://app:p%20w@127.0.0.1:S/postgres?sslmode=verify-ca&sslrootcert=D/ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=verify-full&sslrootcert=D/ca.crt'],
  ['postgres://app:p%20w@127.0.0.1:S/postgres?sslmode=verify-full&sslrootcert=D/ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=D/ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=verify-full&sslrootcert=D/other-ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=require&sslrootcert=D/other-ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=prefer&sslrootcert=D/other-ca.crt'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=require&sslrootcert=D/none.crt'],
  ['postgres://certified@localhost:S/postgres?sslcert=D/certified.crt&sslkey=D/certified.key'],
  ['postgres://certified@localhost:S/postgres?sslcert=D/certified.crt&sslkey=D/ca.crt'],
  ['postgres://certified@localhost:S/postgres'],
  ['postgres://app:p%20w@localhost:S/postgres?ssl_min_protocol_version=TLSv1.3'],
  ['postgres://app:p%20w@localhost:S/postgres?ssl_min_protocol_version=TLSv9'],
  ['postgres://app:p%20w@localhost:S/postgres?channel_binding=require'],
  ['postgres://app:p%20w@localhost:P/postgres?channel_binding=require'],
  ['postgres://clear:p%20w@localhost:S/postgres?channel_binding=require'],
  ['postgres://trusted@localhost:S/postgres?channel_binding=require'],
  ['postgres://hashed:p%20w@localhost:S/postgres'],
  [
    'postgres://app:p%20w@localhost:S/postgres?gssencmode=disable&connect_timeout=3&keepalives=1&keepalives_idle=5',
  ],
  ['postgres://app:p%20w@localhost:S/postgres?application_name=x%20%2B+y'],
  ['postgres://app:p%20w@localhost:S/postgres?options=-c%20application_name%3Dz'],
  ['postgres://app:p%20w@localhost:S/postgres?client_encoding=UTF8'],
  ['postgres://app:p%20w@localhost:S/postgres?nonsense=1'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode'],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=a=b'],
  ['postgres://app:p%@localhost:S/postgres'],
  ['postgres://app:p%20w@127.0.0.1:1,localhost:S/postgres'],
  ['postgres://app:p%20w@localhost,localhost:1,S/postgres'],
  ['postgres://app:p%20w@localhost,localhost/postgres?port=1,S'],
  ['postgres://app:wrong@localhost:P,localhost:S/postgres'],
  ['postgres://app:p%20w@nowhere.invalid:S,localhost:P/postgres'],
  ['postgres://app:p%20w@localhost:P/postgres?target_session_attrs=read-write'],
  ['postgres://app:p%20w@localhost:P,localhost:S/postgres?target_session_attrs=read-only'],
  ['postgres://app:p%20w@localhost:P/postgres?target_session_attrs=standby'],
  ['postgres://app:p%20w@localhost:P/postgres?target_session_attrs=prefer-standby'],
  ['postgres://app:p%20w@localhost:P/postgres?target_session_attrs=nonsense'],
  ['postgres://app@SOCKET:P/postgres'],
  ['postgres://app@/postgres?host=SOCKET&port=P'],
  ['postgres://app@/postgres?host=SOCKET&port=P&sslmode=require'],
  ['postgres://app:p%20w@/postgres', { PGHOST: 'localhost', PGPORT: 'S' }],
  ['postgres:///', { PGHOST: 'localhost', PGPORT: 'S', PGUSER: 'app', PGPASSWORD: 'p w', PGDATABASE: 'a/b' }],
  ['postgres://app@localhost:S/postgres', { PGPASSWORD: 'wrong' }],
  ['postgres://app:p%20w@localhost:S/postgres', { PGSSLMODE: 'disable', PGAPPNAME: 'me' }],
  ['postgres://only_ssl:p%20w@localhost:S/postgres', { PGSSLMODE: 'disable' }],
  ['postgres://app:p%20w@localhost:S/postgres?sslmode=require', { PGSSLMODE: 'disable' }],
  ['postgres://app:p%20w@localhost:P/postgres', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'D/ca.crt' }],
  ['postgres://app:p%20w@localhost:P/postgres', { PGCHANNELBINDING: 'require' }],
  ['postgres://only_plain@localhost:P/postgres', { PGPASSFILE: 'D/home/open' }],
  ['postgres://only_plain@localhost:P/postgres?passfile=D/home/open'],
  ['postgres:///?service=here'],
  ['postgres:///?service=nowhere'],
  ['postgres:///?service=bad'],
  ['postgres:///', { PGSERVICE: 'here' }],
  ['postgres:///a%2Fb?service=here&application_name=s'],
  ['postgres://app:p%20w@/postgres?service=here', { PGSERVICEFILE: 'D/home/.pg_service.conf' }],
];

const spelled = (text: string) =>
  text
    .replace(/\bS\b/g, String(ssl.port))
    .replace(/\bP\b/g, String(plain.port))
    .replaceAll('D/', `${folder}/`)
    .replace('host=SOCKET', `host=${plain.directory}`)
    .replace('SOCKET', encodeURIComponent(plain.directory));

function byPsql({ url, variables }: Wanted): string {
  const psql = join(programs as string, 'psql');
  try {
    const options = { env: environment(variables), stdio: 'pipe', encoding: 'utf8' } as const;
    return execFileSync(psql, ['-X', '-A', '-t', '-w', '-c', identity, url], options).trim();
  } catch (thrown) {
    return `refused ${(thrown as { stderr: string }).stderr}`;
  }
}

const environment = (variables: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH,
  HOME: join(folder, 'home'),
  ...variables,
});

test.runIf(programs !== undefined)('every URL leads where psql goes', () => {
  const wanted = rows.map(
    ([url, variables = {}]): Wanted => ({
      url: spelled(url),
      variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, spelled(value)])),
    }),
  );
  const words = ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'sessions.ts')];
  const ours = spawnSync(process.execPath, words, {
    input: JSON.stringify(wanted),
    env: environment({}),
    encoding: 'utf8',
  });
  // No warning either: a password file is read without one.
  expect(ours.stderr).toBe('');
  const outcomes = JSON.parse(ours.stdout) as string[];
  const told = (outcome: string) => (outcome.startsWith('refused') ? 'refused' : outcome);
  const differing = wanted.flatMap((one, index) => {
    const [psql, own] = [byPsql(one), outcomes[index] ?? ''];
    return told(psql) === told(own) ? [] : [{ url: rows[index], psql, own }];
  });
  expect(differing).toEqual([]);
  expect(outcomes.filter((one) => !one.startsWith('refused')).length).toBeGreaterThan(40);
  expect(outcomes.join()).not.toContain('p w');
});
