// Connection URLs, read as libpq reads them, and the variables of its programs.
import { describe, expect, test } from 'vitest';
import { readVariables, toVariables, withoutConnection } from '../../lib/pg/parameters.ts';
import { readUrl, replaceDatabase } from '../../lib/pg/url.ts';

const whose = { environment: 'local' };
const read = (url: string) => readUrl(url, whose);

describe('what is read', () => {
  test.each<[string, Record<string, string>]>([
    ['postgres://', {}],
    ['postgresql://host', { host: 'host' }],
    ['postgres://u:p@h:5433/d', { user: 'u', password: 'p', host: 'h', port: '5433', dbname: 'd' }],
    ['postgres://u@/d?host=/tmp', { user: 'u', dbname: 'd', host: '/tmp' }],
    ['postgres://%2Ftmp/d', { host: '/tmp', dbname: 'd' }],
    ['postgres://[::1]:5432/d', { host: '::1', port: '5432', dbname: 'd' }],
    ['postgres://a,b:2/d', { host: 'a,b', port: ',2', dbname: 'd' }],
    ['postgres://u:a%40b%2Fc@h/d', { user: 'u', password: 'a@b/c', host: 'h', dbname: 'd' }],
    ['postgres://u:a:b@h/d', { user: 'u', password: 'a:b', host: 'h', dbname: 'd' }],
    [
      'postgres://h/d?sslmode=require&application_name=x',
      { host: 'h', dbname: 'd', sslmode: 'require', application_name: 'x' },
    ],
    ['postgres://h/d?ssl=true', { host: 'h', dbname: 'd', sslmode: 'require' }],
    ['postgres://h/d?dbname=e', { host: 'h', dbname: 'e' }],
    ['  postgres://h/d  ', { host: 'h', dbname: 'd' }],
  ])('%s', (url, wanted) => {
    expect(read(url)).toEqual(wanted);
  });

  test.each<[string, string]>([
    ['another scheme', 'mysql://h/d'],
    ['an @ in the database', 'postgres://h/d@e'],
    ['a # in a password', 'postgres://u:a#b/c@h/d'],
    ['a % that encodes nothing', 'postgres://u:100%@h/d'],
    ['a null byte', 'postgres://h/%00'],
    ['bytes that are no UTF-8', 'postgres://h/%ff'],
    ['a parameter without a value', 'postgres://h/d?sslmode'],
    ['an unknown parameter', 'postgres://h/d?colour=red'],
    ['an unknown value', 'postgres://h/d?sslmode=maybe'],
    ['two = in a pair', 'postgres://h/d?a=b=c'],
    ['a parameter that pgmage does not support', 'postgres://h/d?requirepeer=x'],
  ])('%s is refused', (_, url) => {
    expect(() => read(url)).toThrow(expect.objectContaining({ code: 'bad_url' }));
  });

  test('what it says of a URL never holds its password', () => {
    const url = 'postgres://u:geheim#x/y@h/d';
    const thrown = (() => {
      try {
        return read(url);
      } catch (error) {
        return error as Error & { data: unknown };
      }
    })();
    expect(JSON.stringify(thrown)).not.toContain('geheim');
  });
});

describe('another database of the same server', () => {
  test.each<[string, string]>([
    ['postgres://u:p@h/d', 'postgres://u:p@h/other%20one'],
    ['postgres://u:p@h/d?sslmode=require', 'postgres://u:p@h/other%20one?sslmode=require'],
    ['postgres://u:p@h?dbname=d&sslmode=require', 'postgres://u:p@h/other%20one?sslmode=require'],
    ['postgres://u:p%40q@h,i:2/d', 'postgres://u:p%40q@h,i:2/other%20one'],
  ])('%s', (url, wanted) => {
    expect(replaceDatabase(url, 'other one')).toBe(wanted);
    expect(read(replaceDatabase(url, 'other one'))).toEqual({ ...read(url), dbname: 'other one' });
  });
});

describe('variables', () => {
  test('what is said is what PostgreSQL’s own programs are told', () => {
    const said = read('postgres://u:p@h:1/d?sslmode=require');
    expect(toVariables(said)).toEqual({
      PGUSER: 'u',
      PGPASSWORD: 'p',
      PGHOST: 'h',
      PGPORT: '1',
      PGDATABASE: 'd',
      PGSSLMODE: 'require',
    });
    expect(readVariables(toVariables(said))).toEqual(said);
  });

  test('inherited variables of libpq do not reach a program that is started, and pgmage’s own do', () => {
    expect(
      withoutConnection({ PGHOST: 'x', pgport: '1', PGMAGE_MAJORS: '15', PATH: '/bin', EMPTY: undefined }),
    ).toEqual({
      PGMAGE_MAJORS: '15',
      PATH: '/bin',
    });
  });

  test('a name that every object has is not a parameter', () => {
    expect(() => read('postgres://h/d?constructor=x')).toThrow(expect.objectContaining({ code: 'bad_url' }));
    expect(toVariables({ constructor: 'x' } as unknown as Record<string, string>)).toEqual({});
  });
});
