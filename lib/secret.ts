// Keeps passwords out of everything that people, logs and files get to see.

// user:password@ of a URL. Greedy to the last @, because a password that was not percent-encoded may hold one.
const userinfo = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"'<>]*):[^\s"'<>]*@/gi;
// password=x of URL queries and of keyword/value strings; libpq allows blanks around = and 'x y' with backslashes.
const assigned = /\b((?:ssl|pg)?password\s*=\s*)(?:''|'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&;,'")]+)/gi;
// PASSWORD 'x' as roles and the options of foreign servers write it in SQL.
const literal =
  /\b(\w*(?:password|passwd|secret|token|(?:api|access|private)_?key)"?\s+)(?:E?'(?:[^'\\]|''|\\.)*')/gi;

/** Takes the passwords out of a text: URLs lose them, `password=…` and `PASSWORD '…'` show `***`. */
export function redact(text: string): string {
  return text.replace(userinfo, '$1@').replace(assigned, '$1***').replace(literal, "$1'***'");
}

/** A connection URL as it may be shown: without password parameters, user and host kept. */
export function maskUrl(url: string): string {
  const masked = redact(url);
  const query = masked.indexOf('?');
  if (query < 0) return masked;
  const kept = masked
    .slice(query + 1)
    .split('&')
    .filter((pair) => !/^(ssl|pg)?password=/i.test(pair));
  return masked.slice(0, query) + (kept.length > 0 ? `?${kept.join('&')}` : '');
}

// In a text of SQL only what stands beside another pair is one of a connection string: `user=u password=p`.
const value = "(?:''[^']*''|[^\\s,;'\")]+)";
const beside = [
  new RegExp(`(\\b[a-z_]+=${value}\\s+(?:ssl)?password=)${value}`, 'gi'),
  new RegExp(`(\\b(?:ssl)?password=)${value}(?=\\s+[a-z_]+=)`, 'gi'),
];

/** Takes the passwords out of connection strings inside of SQL, such as a function's calls of dblink; all else stays. */
export function hideConnections(sql: string): string {
  if (!/:\/\/|password=/i.test(sql)) return sql;
  const urls = sql.replace(userinfo, '$1:***@');
  return beside.reduce((text, pattern) => text.replace(pattern, '$1***'), urls);
}

// What libpq calls its secrets: password, sslpassword, oauth_client_secret.
const secretKey = /password$|secret/i;

/** Whether an option of a foreign server or the like is called as secrets are: `password`, `api_key`, `token`. */
export function isSecretName(name: string): boolean {
  return /(pass(word|wd|phrase|code)|pwd|secret|token|credentials?|(api|access|private|account|auth|sa)_?key)(_?id)?$/i.test(
    name,
  );
}

/**
 * Gives each password of a connection string to `hide` and puts what that answers in its place.
 * @param connection a URL, or `key=value` pairs as libpq reads them (manual: "Connection Strings"); any other text that
 * can hold a secret is hidden as a whole
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
