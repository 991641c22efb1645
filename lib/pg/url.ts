// Connection URLs, read as libpq reads them (manual: "Connection URIs"; fe-connect.c: conninfo_uri_parse).
import { Problem } from '../problem/problem.ts';
import { explainRefusal, type Parameters } from './parameters.ts';

/** The environment of a URL, for messages. */
export interface UrlOwner {
  readonly environment: string;
  readonly found?: string;
}

const hint = '/, # and @ in names and passwords must be percent-encoded';

/**
 * The parameters in a URL, by their libpq names. An empty part is unset, except for query parameters.
 * @throws Problem `bad_url`, also for a parameter that pgmage does not support
 */
export function readUrl(url: string, whose: UrlOwner): Parameters {
  const wrong = (reason: string) => new Problem('bad_url', { ...whose, reason });
  const rest = /^postgres(?:ql)?:\/\/(.*)$/is.exec(url.trim())?.[1];
  if (rest === undefined) throw wrong('it does not begin with postgres://');
  const [, userinfo = '', hosts = '', path = '', query = ''] =
    /^(?:([^/?]*|[^/@]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? [];
  if (/[@#]/.test(path)) throw wrong(hint);
  const decode = (text: string) => decodePart(text, wrong);
  const [, user = '', password = ''] = /^([^:]*)(?::(.*))?$/s.exec(userinfo) ?? [];
  const places = hosts.split(',').map((one) => {
    const place = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([^:]*))?$/.exec(one);
    if (place === null) throw wrong('it is not a valid URL');
    return { host: decode(place[1] ?? place[2] ?? ''), port: decode(place[3] ?? '') };
  });
  const said: Record<string, string> = {};
  const say = (name: string, value: string) => {
    if (value !== '') said[name] = value;
  };
  say('host', places.some(({ host }) => host) ? places.map(({ host }) => host).join(',') : '');
  say('port', places.some(({ port }) => port) ? places.map(({ port }) => port).join(',') : '');
  say('user', decode(user));
  say('password', decode(password));
  say('dbname', decode(path));
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0) throw wrong('its query is not a list of name=value');
    const [key, text] = spelled(decode(name), decode(value));
    const refused = explainRefusal(key, text);
    if (refused !== null) throw wrong(refused);
    said[key] = text;
  }
  return said;
}

function decodePart(text: string, wrong: (reason: string) => Problem): string {
  if (/%(?![0-9a-f]{2})|%00/i.test(text)) throw wrong('it has a % that is not part of an encoded character');
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('its percent-encoded bytes are not UTF-8');
  }
}

// JDBC's parameter, which libpq also accepts, and the driver's value for an unverified certificate.
function spelled(name: string, value: string): [name: string, value: string] {
  if (name === 'ssl' && value === 'true') return ['sslmode', 'require'];
  return name === 'sslmode' && value === 'no-verify' ? [name, 'require'] : [name, value];
}

/** The same server and login, another database. */
export function replaceDatabase(url: string, database: string): string {
  const at = /^(\w+:\/\/(?:(?:[^/?]*|[^/@]*)@)?[^/?]*)(?:\/[^?]*)?(?:\?(.*))?$/s.exec(url.trim());
  const kept = (at?.[2] ?? '').split('&').filter((pair) => pair !== '' && !pair.startsWith('dbname='));
  return `${at?.[1]}/${encodeURIComponent(database)}${kept.length > 0 ? `?${kept.join('&')}` : ''}`;
}
