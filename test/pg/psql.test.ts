// A URL leads where psql goes with it: the same server, role, database, encryption and name, or both are
// refused.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { identity, type Wanted } from './sessions.ts';
import { environment, openByPgmage, programs, spelled, startScene, stopScene } from './url-scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(startScene);
afterAll(stopScene);

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
  ...['none-revoked', 'revoked'].flatMap(
    (crl) =>
      [
        [
          `postgres://app:p%20w@localhost:S/postgres?sslmode=verify-ca&sslrootcert=D/ca.crt&sslcrl=D/${crl}.crl`,
        ],
        [`postgres://app:p%20w@localhost:S/postgres?sslmode=prefer&sslrootcert=D/ca.crt&sslcrl=D/${crl}.crl`],
        [`postgres://app:p%20w@localhost:S/postgres?sslmode=require&sslcrl=D/${crl}.crl`],
        [
          'postgres://app:p%20w@localhost:S/postgres?sslmode=verify-full&sslrootcert=D/ca.crt',
          { PGSSLCRL: `D/${crl}.crl` },
        ],
      ] as const,
  ),
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

function byPsql({ url, variables }: Wanted): string {
  const psql = join(programs as string, 'psql');
  try {
    const options = { env: environment(variables), stdio: 'pipe', encoding: 'utf8' } as const;
    return execFileSync(psql, ['-X', '-A', '-t', '-w', '-c', identity, url], options).trim();
  } catch (thrown) {
    return `refused ${(thrown as { stderr: string }).stderr}`;
  }
}

test.runIf(programs !== undefined)('every URL leads where psql goes', () => {
  const wanted = rows.map(
    ([url, variables = {}]): Wanted => ({
      url: spelled(url),
      variables: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, spelled(value)])),
    }),
  );
  const { outcomes, stderr } = openByPgmage(wanted);
  // No warning either: a password file is read without one.
  expect(stderr).toBe('');
  const told = (outcome: string) => (outcome.startsWith('refused') ? 'refused' : outcome);
  const differing = wanted.flatMap((one, index) => {
    const [psql, own] = [byPsql(one), outcomes[index] ?? ''];
    return told(psql) === told(own) ? [] : [{ url: rows[index], psql, own }];
  });
  expect(differing).toEqual([]);
  expect(outcomes.filter((one) => !one.startsWith('refused')).length).toBeGreaterThan(40);
  expect(outcomes.join()).not.toContain('p w');
});
