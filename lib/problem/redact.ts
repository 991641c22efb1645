// Keeps passwords out of everything that people, logs and files get to see.

// The secret of a URL lies between the first `:` after `//` and the last `@`, whatever characters it
// contains.
const whole = /^(\s*(?:[a-z][a-z0-9+.-]*:\/{1,2}[^:/?#]*|[^\s:/?#=]+(?=:[^/\\]))):(.*)@/is;
// The start of a URL inside a text. PostgreSQL's own URL may have lost a slash.
const begin = /(?:\b[a-z][a-z0-9+.-]*:\/\/|\bpostgres(?:ql)?:\/(?!\/))[^\s:/?#"'<>]*:/gi;
// A port, and no `@` behind it that could end a password.
const port = /^\d{1,5}(?=$|[\s/?#"'<>),;.:\]])(?!\S*@)/;
// A parameter of a URL's query. Its name can be percent-encoded.
const parameter = /([?&])([^\s=&?]+)=([^\s&#]*)/g;
// A text in quotes inside of a text in quotes, which doubles them.
const doubled = String.raw`('{2,16})(?:[^'\\\n]|\\[^'\n]|\\'+)*?\2`;
// password=x of keyword/value strings; libpq allows blanks around = and 'x y' with backslashes.
const assigned = new RegExp(
  String.raw`(?<![?&])\b((?:ssl|pg)?password\s*=\s*)(?:${doubled}|''|'(?:[^'\\]|\\.)*'|"[^"]*"|` +
    String.raw`(?:\\.|[^\s&"\\])+?(?=[),;']*(?:[\s&"]|$)))`,
  'gis',
);
// PASSWORD 'x' as roles and the options of foreign servers write it in SQL.
const literal = new RegExp(
  String.raw`\b(\w*(?:password|passwd|secret|token|(?:api|access|private)_?key)"?\s+)(?:E?${doubled}|` +
    String.raw`E?'(?:[^'\\]|''|\\.)*(?:'|$)|(\$\w*\$)[\s\S]*?\3)`,
  'gi',
);

// The connections that this process was given, and how each is shown: a text that quotes one is cleaned of it
// even where the password has line ends or looks like the text around it.
const known = new Map<string, string>();

/** Notes a text that may be a connection with a password, such as a URL or a word of the command line. */
export function rememberSecret(text: string): void {
  const shown = maskWhole(text);
  if (shown === text) return;
  for (const spelled of [(one: string) => one, (one: string) => JSON.stringify(one).slice(1, -1)])
    known.set(spelled(text), spelled(shown));
}

/** Takes the passwords out of a text: URLs lose them, `password=…` and `PASSWORD '…'` show `***`. */
export function redact(text: string): string {
  return hideWritten(hideKnown(text));
}

/**
 * The same for a text of many statements: a quotation mark or a URL in one line changes no other line. Of a
 * password with a line end, what is behind that is hidden only if it is of a connection of this process.
 */
export function redactLines(text: string): string {
  return hideKnown(text).split('\n').map(hideWritten).join('\n');
}

// A comment with comments in it, as deep as people write them.
const comment = [1, 2, 3, 4].reduce(
  (inner) => String.raw`\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)${inner === '' ? '' : `|${inner}`})*\*\/`,
  '',
);
// Comments, texts and names in quotes, also in the body of a routine.
const part = new RegExp(
  String.raw`--[^\n]*|${comment}|\bE'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|` +
    String.raw`(\$\w*\$)([\s\S]*?)\1`,
  'gi',
);

/** The same for SQL: what begins in a comment or in a text ends there at the latest. */
export function redactSql(sql: string): string {
  // A quotation mark that is left is of a text that was cut, or misread: nothing tells where a text ends.
  if (sql.replace(part, '').includes("'")) return redact(sql);
  const clean = withoutUserinfo(hideKnown(sql)).replace(parameter, hideParameter);
  return hideWithin(hideWithin(clean, assigned, '***'), literal, "'***'");
}

function hideWithin(sql: string, pattern: RegExp, shown: string): string {
  if (sql.search(pattern) < 0) return sql;
  const ends = findEnds(sql);
  const own = new RegExp(pattern);
  let [clean, from] = ['', 0];
  for (let match = own.exec(sql); match !== null; match = own.exec(sql)) {
    const [found, name = ''] = match;
    const at = match.index;
    const { end = sql.length } = ends.find((one) => one.start < at && at < one.end) ?? {};
    const to = Math.min(at + found.length, end);
    clean += sql.slice(from, at) + (at + name.length < end ? `${name}${shown}` : sql.slice(at, to));
    from = to;
    own.lastIndex = to;
  }
  return clean + sql.slice(from);
}

// The ends of what is in comments and texts, the innermost first. An option of a foreign server may have its
// name in quotes, before its value.
function findEnds(sql: string, offset = 0): { readonly start: number; readonly end: number }[] {
  return [...sql.matchAll(part)].flatMap(({ 0: own, 1: tag = '', 2: body, index }) => {
    if (own.startsWith('"')) return [];
    const start = offset + index;
    const closing = own.startsWith('--') ? 0 : own.startsWith('/*') ? 2 : tag.length || 1;
    const inner = body === undefined ? [] : findEnds(body, start + tag.length);
    return [...inner, { start, end: start + own.length - closing }];
  });
}

function hideKnown(text: string): string {
  let clean = text;
  for (const [secret, shown] of known) clean = clean.replaceAll(secret, () => shown);
  return clean;
}

function hideWritten(text: string): string {
  return withoutUserinfo(text)
    .replace(parameter, hideParameter)
    .replace(assigned, '$1***')
    .replace(literal, "$1'***'");
}

// Each password ends at the last `@` before the next URL or the next line, so that no character can end it
// earlier. Without an `@` before the next URL, the first one behind it on the same line ends it.
function withoutUserinfo(text: string): string {
  let clean = '';
  let from = 0;
  const starts = [...text.matchAll(begin)];
  starts.forEach((match, index) => {
    const secret = match.index + match[0].length;
    if (match.index < from || port.test(text.slice(secret))) return;
    const end = starts[index + 1]?.index ?? text.length;
    const [line = ''] =
      /^[^\n]*@/.exec(text.slice(secret, end)) ?? /^[^@\n]*@/.exec(text.slice(secret)) ?? [];
    if (line === '') return;
    clean += text.slice(from, secret - 1);
    from = secret + line.length - 1;
  });
  return clean + text.slice(from);
}

function isSecretParameter(name: string): boolean {
  return secretKey.test(
    name.replace(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(parseInt(byte.slice(1), 16))),
  );
}

function hideParameter(pair: string, mark: string, name: string): string {
  return isSecretParameter(name) ? `${mark}${name}=***` : pair;
}

// A text that is one connection, or is none.
function maskWhole(text: string): string {
  return text
    .replace(/([?&])([^=&?]+)=[^&]*/g, (pair, mark, name) => (isSecretParameter(name) ? mark : pair))
    .replace(whole, '$1@')
    .replace(/([?&])&+/g, '$1')
    .replace(/[?&]+$/, '');
}

/** A connection URL as it may be shown: without password parameters, user and host kept. */
export function maskUrl(url: string): string {
  return redact(maskWhole(url));
}

// user:password@ in a literal of SQL.
const userinfo = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"'<>]*):[^\n"']*@/gi;
// In a text of SQL only what stands beside another pair is one of a connection string: `user=u password=p`.
const value = "(?:''[^']*''|[^\\s,;'\")]+)";
const beside = [
  new RegExp(`(\\b[a-z_]+=${value}\\s+(?:ssl)?password=)${value}`, 'gi'),
  new RegExp(`(\\b(?:ssl)?password=)${value}(?=\\s+[a-z_]+=)`, 'gi'),
];

/**
 * Takes the passwords out of connection strings inside of SQL, such as a function's calls of dblink; all else
 * stays.
 */
export function hideConnections(sql: string): string {
  if (!/:\/\/|password=/i.test(sql)) return sql;
  const urls = sql.replace(userinfo, '$1:***@');
  return beside.reduce((text, pattern) => text.replace(pattern, '$1***'), urls);
}

// The names of libpq's secrets: password, sslpassword, oauth_client_secret.
const secretKey = /password$|passwd$|secret/i;

/** True if an option of a foreign server has the name of a secret: `password`, `api_key`, `token`. */
export function isSecretName(name: string): boolean {
  return /(pass(word|wd|phrase|code)|pwd|secret|token|credentials?|(api|access|private|account|auth|sa)_?key)(_?id)?$/i.test(
    name,
  );
}

/**
 * Replaces each password of a connection string by the result of `hide`.
 * @param connection a URL, or `key=value` pairs as libpq reads them (manual: "Connection Strings"); any other
 * text that can hold a secret is hidden as a whole
 */
export function hidePasswords(connection: string, hide: (secret: string) => string): string {
  if (/^\s*[a-z][a-z0-9+.-]*:\/\//i.test(connection))
    return connection
      .replace(
        /^(\s*[a-z][a-z0-9+.-]*:\/\/[^:/?#@]*:)(.*)(?=@)/is,
        (_, before, secret) => before + hide(secret),
      )
      .replace(/([?&])([^=&]*)=([^&]*)/g, (pair, mark, key, value) =>
        secretKey.test(key) ? `${mark}${key}=${hide(value)}` : pair,
      );
  const pair = /\s*([^\s=]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\']|\\.)(?:[^\s\\]|\\.)*|)/sy;
  let hidden = '';
  let end = 0;
  for (let match = pair.exec(connection); match !== null; match = pair.exec(connection)) {
    const [all, key = '', value = ''] = match;
    hidden += secretKey.test(key) ? all.slice(0, all.length - value.length) + hide(value) : all;
    end = pair.lastIndex;
  }
  const rest = connection.slice(end);
  return /(password|secret)\s*=/i.test(rest) ? hide(connection) : hidden + rest;
}
