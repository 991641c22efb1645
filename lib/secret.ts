// Keeps passwords out of everything that people, logs and files get to see.

// user:password@ of a URL. Greedy to the last @, because a password that was not percent-encoded may hold one.
const userinfo = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"'<>]*):[^\s"'<>]*@/gi;
// password=x of URL queries and of keyword/value strings; libpq allows blanks around = and 'x y' with backslashes.
const assigned = /\b((?:ssl|pg)?password\s*=\s*)(?:''|'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&;,'")]+)/gi;
// PASSWORD 'x' as roles, user mappings and subscriptions write it in SQL.
const literal = /\b((?:ssl)?password"?\s+)(?:E?'(?:[^'\\]|''|\\.)*')/gi;

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
