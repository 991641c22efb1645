// Encryption as in libpq: the modes that sslmode allows, their order, and the checks of each (manual: "SSL
// Support").
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { platform } from 'node:process';
import { type ConnectionOptions, rootCertificates } from 'node:tls';
import { resolveUserPath } from './libpq-files.ts';
import type { Parameters } from './parameters.ts';

/** One way to try: plain, or encrypted. */
export type EncryptionMode = 'plain' | 'encrypted';

/** The ways that an sslmode allows, the first to be tried first. Over a socket there is no encryption. */
export function listEncryptionModes(said: Parameters, address: string): readonly EncryptionMode[] {
  if (address.startsWith('/')) return ['plain'];
  switch (said.sslmode || 'prefer') {
    case 'disable':
      return ['plain'];
    case 'allow':
      return ['plain', 'encrypted'];
    case 'prefer':
      return ['encrypted', 'plain'];
    default:
      return ['encrypted'];
  }
}

/** Why an encrypted connection cannot be tried. */
export interface Unfit {
  readonly unfit: string;
}

/** The TLS options. */
export function buildTlsOptions(said: Parameters, host: string): ConnectionOptions | Unfit {
  const { sslmode = 'prefer' } = said;
  const root = rootOf(said, sslmode);
  if ('unfit' in root) return root;
  const own = ownCertificate(said);
  if ('unfit' in own) return own;
  const crl = said.sslcrl || resolveUserPath('.postgresql', 'root.crl');
  const named = sslmode === 'verify-full';
  return {
    ...own,
    ...(root.ca !== undefined && { ca: root.ca }),
    rejectUnauthorized: root.ca !== undefined,
    ...(root.ca !== undefined && existsSync(crl) && { crl: readFileSync(crl) }),
    ...(!named && { checkServerIdentity: () => undefined }),
    minVersion: (said.ssl_min_protocol_version || 'TLSv1.2') as 'TLSv1.2',
    ...(said.ssl_max_protocol_version && { maxVersion: said.ssl_max_protocol_version as 'TLSv1.3' }),
    ALPNProtocols: ['postgresql'],
    // A certificate is held to the host also where its name is not sent.
    host,
    servername: said.sslsni === '0' || isIP(host) !== 0 ? '' : host,
  };
}

// A root certificate that is there is always used; two modes need one.
function rootOf(said: Parameters, sslmode: string): { readonly ca: string[] | undefined } | Unfit {
  const { sslrootcert } = said;
  const verifies = sslmode.startsWith('verify-');
  if (sslrootcert === 'system')
    return sslmode === 'verify-full'
      ? { ca: [...rootCertificates] }
      : { unfit: `sslrootcert=system needs sslmode=verify-full, not ${sslmode}` };
  const path = sslrootcert || resolveUserPath('.postgresql', 'root.crt');
  if (existsSync(path)) return { ca: [readFileSync(path, 'utf8')] };
  if (!verifies) return { ca: undefined };
  return { unfit: `the root certificate ${path} does not exist, and sslmode=${sslmode} needs one` };
}

function ownCertificate({
  sslcert,
  sslkey,
  sslpassword,
  sslcertmode,
}: Parameters): ConnectionOptions | Unfit {
  const cert = sslcert || resolveUserPath('.postgresql', 'postgresql.crt');
  if (sslcertmode === 'disable' || !existsSync(cert)) return {};
  const key = sslkey || resolveUserPath('.postgresql', 'postgresql.key');
  if (!existsSync(key)) return { unfit: `the certificate ${cert} is there, but its key ${key} is not` };
  const { mode, uid } = statSync(key);
  // Like libpq: the user's own key must be private; a key of root may be readable by its group.
  if (platform !== 'win32' && (mode & (uid === 0 ? 0o37 : 0o77)) !== 0)
    return { unfit: `the key ${key} can be read by others: its mode must be 0600` };
  return {
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...(sslpassword && { passphrase: sslpassword }),
  };
}
