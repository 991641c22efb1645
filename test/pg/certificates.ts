// Certificates for tests, made by openssl: of an authority, of servers and of a client.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who owns the keys of servers. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Writes `ca.crt`, `other-ca.crt`, `server.{crt,key}` for localhost, `certified.{crt,key}` of a role, and
 * `{none-,}revoked.crl` into a folder.
 */
export function makeCertificates(folder: string, owner: Owner): void {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  for (const name of ['ca', 'other-ca'])
    openssl('req', '-x509', ...key(name), '-out', `${name}.crt`, '-subj', `/CN=${name}`, '-days', '2');
  const signed = (name: string, extension: string) => {
    writeFileSync(join(folder, `${name}.ext`), extension);
    openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...authority,
      '-out',
      `${name}.crt`,
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
    );
    chmodSync(join(folder, `${name}.key`), 0o600);
  };
  signed('server', 'subjectAltName=DNS:localhost');
  signed('certified', 'basicConstraints=CA:FALSE');
  // Lists of revoked certificates: one that is empty, and one with the server's.
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(
    join(folder, 'crl.cnf'),
    '[ca]\ndefault_ca = a\n[a]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 2\n',
  );
  const authority = ['ca', '-config', 'crl.cnf', '-keyfile', 'ca.key', '-cert', 'ca.crt'];
  openssl(...authority, '-gencrl', '-out', 'none-revoked.crl');
  openssl(...authority, '-revoke', 'server.crt');
  openssl(...authority, '-gencrl', '-out', 'revoked.crl');
  if (owner.uid !== undefined) chownSync(join(folder, 'server.key'), owner.uid, owner.gid ?? owner.uid);
}
