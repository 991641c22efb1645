// The parameters of a connection as libpq has them (manual: "Parameter Key Words", "Environment Variables").

/** Values by libpq's names. */
export type Parameters = Readonly<Record<string, string>>;

type Rule = readonly string[] | RegExp | 'refused';

interface Parameter {
  /** The variable that PostgreSQL's programs read. */
  readonly variable?: string;
  /** The accepted values; `refused`: pgmage does not support the parameter. */
  readonly rule?: Rule;
}

const whole = /^\s*[-+]?\d+\s*$/;
const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3', ''];
const sessions = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'];

// All of them allowed, or all of them not.
const method = '(?:password|md5|gss|sspi|scram-sha-256|oauth|none)';
const methods = new RegExp(`^(?:${method}(?:,${method})*|!${method}(?:,!${method})*)?$`);

const parameters: Readonly<Record<string, Parameter>> = {
  host: { variable: 'PGHOST' },
  hostaddr: { variable: 'PGHOSTADDR' },
  port: { variable: 'PGPORT' },
  user: { variable: 'PGUSER' },
  password: { variable: 'PGPASSWORD' },
  dbname: { variable: 'PGDATABASE' },
  passfile: { variable: 'PGPASSFILE' },
  service: { variable: 'PGSERVICE' },
  servicefile: { variable: 'PGSERVICEFILE' },
  options: { variable: 'PGOPTIONS' },
  application_name: { variable: 'PGAPPNAME' },
  fallback_application_name: {},
  connect_timeout: { variable: 'PGCONNECT_TIMEOUT', rule: whole },
  // pgmage reads and writes UTF8, whatever encoding the server stores.
  client_encoding: { rule: /^(utf-?8|unicode|auto)$/i },
  keepalives: { rule: whole },
  keepalives_idle: { rule: whole },
  keepalives_interval: { rule: whole },
  keepalives_count: { rule: whole },
  tcp_user_timeout: { rule: whole },
  sslmode: { variable: 'PGSSLMODE', rule: modes },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', rule: ['postgres', 'direct'] },
  // libpq ignores it, too.
  sslcompression: { variable: 'PGSSLCOMPRESSION' },
  sslcert: { variable: 'PGSSLCERT' },
  sslkey: { variable: 'PGSSLKEY' },
  sslpassword: {},
  sslcertmode: { variable: 'PGSSLCERTMODE', rule: ['disable', 'allow'] },
  sslrootcert: { variable: 'PGSSLROOTCERT' },
  sslcrl: { variable: 'PGSSLCRL' },
  sslcrldir: { variable: 'PGSSLCRLDIR', rule: 'refused' },
  sslsni: { variable: 'PGSSLSNI', rule: ['0', '1'] },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', rule: versions },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', rule: versions },
  channel_binding: { variable: 'PGCHANNELBINDING', rule: ['disable', 'prefer', 'require'] },
  require_auth: { variable: 'PGREQUIREAUTH', rule: methods },
  requirepeer: { variable: 'PGREQUIREPEER', rule: 'refused' },
  gssencmode: { variable: 'PGGSSENCMODE', rule: ['disable', 'prefer'] },
  gsslib: { variable: 'PGGSSLIB', rule: 'refused' },
  krbsrvname: { variable: 'PGKRBSRVNAME', rule: 'refused' },
  gssdelegation: { variable: 'PGGSSDELEGATION', rule: 'refused' },
  target_session_attrs: { variable: 'PGTARGETSESSIONATTRS', rule: sessions },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', rule: ['disable', 'random'] },
  replication: { rule: ['', 'false', 'off', 'no', '0'] },
  scram_client_key: { rule: 'refused' },
  scram_server_key: { rule: 'refused' },
  min_protocol_version: { variable: 'PGMINPROTOCOLVERSION', rule: 'refused' },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', rule: 'refused' },
  sslkeylogfile: { rule: 'refused' },
};

// Parameters that clients of other tools read from a URL and that have no effect on pgmage.
const others = new Set(
  `schema pgbouncer connection_limit pool_timeout pool_mode statement_cache_size socket_timeout
  prepareThreshold uselibpqcompat supa workaround`.split(/\s+/),
);

/** Why a parameter cannot be taken; null: it can. */
export function explainRefusal(name: string, value: string): string | null {
  if (others.has(name)) return null;
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (parameter === undefined) return `libpq has no parameter ${name}`;
  const { rule } = parameter;
  if (rule === undefined) return null;
  if (rule === 'refused') return `pgmage does not support the parameter ${name}`;
  const fits = rule instanceof RegExp ? rule.test(value) : rule.includes(value);
  if (fits) return null;
  const can = rule instanceof RegExp ? '' : `: pgmage supports ${rule.filter(Boolean).join(', ')}`;
  return `${name}=${value} is not supported${can}`;
}

/** The connection parameters in the variables of a process. */
export function readVariables(variables: Readonly<Record<string, string | undefined>>): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, { variable }]) => {
      const value = variable === undefined ? undefined : variables[variable];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The same values as variables for PostgreSQL's own programs. */
export function toVariables(said: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) => {
      const variable = Object.hasOwn(parameters, name) ? parameters[name]?.variable : undefined;
      return variable === undefined ? [] : [[variable, value]];
    }),
  );
}

/** The variables of a process without those that say where and how PostgreSQL's programs connect. */
export function withoutConnection(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined || /^PG(?!MAGE)/i.test(name) ? [] : [[name, value]],
    ),
  );
}
