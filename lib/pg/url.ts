// Connection URLs: what is refused before it is tried, and what their sslmode means.
import { Problem } from '../problem.ts';

/**
 * Refuses what the driver would misread.
 * @throws Problem `bad_url`
 */
export function checkUrl(url: string, whose: { environment: string; found?: string }): void {
  const reason = faultOf(url.trim());
  if (reason !== undefined) throw new Problem('bad_url', { ...whose, reason });
}

function faultOf(url: string): string | undefined {
  const match = /^postgres(?:ql)?:\/\/[^/?#]*([^?]*)/i.exec(url);
  if (match === null) return 'it does not begin with postgres://';
  // An unencoded / or # ends the host early: parts of the password would be taken for host and database.
  if (/[@#]/.test(match[1] as string)) return '/, # and @ in names and passwords must be percent-encoded';
  // The driver allows an empty host, with the socket's directory in ?host=.
  return URL.canParse(url.replace(/^(\w+:\/\/)([^/?#]*@)?(?=[/?#]|$)/, '$1$2socket'))
    ? undefined
    : 'it is not a valid URL';
}

/**
 * The URL with its sslmode read as libpq does, so that one URL means the same to psql and to us. Left alone, the driver
 * takes `require` for `verify-full`, which refuses the self-signed certificates that hosts of PostgreSQL use.
 */
export function libpqUrl(url: string): string {
  const decided = !/[?&]sslmode=/i.test(url) || /[?&](uselibpqcompat=|sslmode=no-verify)/i.test(url);
  return decided ? url.trim() : `${url.trim()}&uselibpqcompat=true`;
}

/** For sslmode=prefer, the URL to try when the server cannot encrypt. */
export function withoutSsl(url: string): string | undefined {
  return /[?&]sslmode=prefer\b/i.test(url)
    ? url.trim().replace(/sslmode=prefer/i, 'sslmode=disable')
    : undefined;
}

/** The same server and login, another database. */
export function onDatabase(url: string, database: string): string {
  const at = /^(\w+:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(url.trim());
  return `${at?.[1]}/${encodeURIComponent(database)}${at?.[2] ?? ''}`;
}

// What a URL may say, and the variable that means the same to PostgreSQL's own programs (manual: "Environment Variables").
const variables: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslnegotiation: 'PGSSLNEGOTIATION',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

/**
 * A URL as variables for PostgreSQL's own programs, so that no password is among their arguments. Parameters that only
 * drivers know are left out.
 */
export function libpqVariables(url: string): Record<string, string> {
  const { username, password, hostname, port, pathname, searchParams } = new URL(
    url.trim().replace(/^(\w+:\/\/)([^/?#]*@)?(?=[:/?#]|$)/, '$1$2%00'),
  );
  const said: Record<string, string> = {
    host: decodeURIComponent(hostname)
      .replace('\0', '')
      .replace(/^\[(.*)\]$/, '$1'),
    port,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    dbname: decodeURIComponent(pathname.slice(1)),
    ...Object.fromEntries(searchParams),
  };
  if (said.sslmode === 'no-verify') said.sslmode = 'require';
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) => {
      const variable = variables[name];
      return variable === undefined || value === '' ? [] : [[variable, value]];
    }),
  );
}
