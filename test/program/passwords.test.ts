// The password of a connection is in nothing that pgmage shows, whatever characters it is made of and however
// it is written.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { format, Problem } from '../../lib/problem/problem.ts';
import { maskUrl, redact, rememberSecret } from '../../lib/problem/redact.ts';
import { between } from './several-runs.ts';

vi.setConfig({ testTimeout: 60_000 });

// What is looked for in what is shown.
const canary = 'ZqCanaryZq';

const inUserinfo: Readonly<Record<string, (password: string) => string>> = {
  URL: (password) => `postgres://app:${password}@h/shop`,
  'URL with parameters': (password) => `postgresql://app:${password}@h:5432/shop?sslmode=require`,
  'one slash': (password) => `postgres:/app:${password}@h/shop`,
  'other scheme': (password) => `mysql://app:${password}@h`,
  'upper case': (password) => `POSTGRES://app:${password}@h/shop`,
  'no user': (password) => `postgres://:${password}@h/shop`,
  'user with @': (password) => `postgres://app@host:${password}@h/shop`,
};
const noScheme = (password: string) => `app:${password}@h/shop`;

// Any text around the canary, without what the written form itself gives a meaning to.
const anyPassword = (without: RegExp) =>
  fc
    .tuple(
      ...[0, 1].map(() =>
        fc.string({ unit: fc.constantFrom(...` !"#$%&'()*+,-./:;<=>?@[\\]^_{|}~aZ9é\t\n\u0001`) }),
      ),
    )
    .map(([before, after]) => `${before}${canary}${after}`)
    .filter((password) => !without.test(password));

function never(text: string): void {
  expect(text).not.toContain(canary);
}

function neverShown(url: string) {
  never(maskUrl(url));
  const problem = new Problem('bad_url', { environment: maskUrl(url), reason: 'it is wrong' });
  for (const text of [format(problem), JSON.stringify(problem), problem.stack ?? '']) never(text);
}

test.each(Object.entries(inUserinfo))('any password in the userinfo of a %s', (_, urlOf) => {
  fc.assert(
    fc.property(anyPassword(/^$/), (password) => neverShown(urlOf(password))),
    { numRuns: 1000 },
  );
});

test('any password without a scheme', () => {
  fc.assert(
    fc.property(anyPassword(/^[/\\]/), (password) => neverShown(noScheme(password))),
    { numRuns: 1000 },
  );
});

test.each(['password', 'pass%77ord', 'PASSWORD', 'sslpassword'])(
  'any password as the parameter %s',
  (name) => {
    fc.assert(
      fc.property(anyPassword(/[&?]/), (password) =>
        neverShown(`postgres://h/d?a=b&${name}=${password}&c=d`),
      ),
      { numRuns: 1000 },
    );
  },
);

test.each(Object.entries(inUserinfo))('any password of one line inside of a longer text: %s', (_, urlOf) => {
  fc.assert(
    fc.property(anyPassword(/\n|:\/|^\d*[/?#\s"'<>),;.:\]]/), (password) =>
      never(redact(`Cannot open "${urlOf(password)}" and no other. See https://example.com for more.`)),
    ),
    { numRuns: 1000 },
  );
});

test.each([...Object.entries(inUserinfo), ['no scheme', noScheme] as const])(
  'any password that the process was given, inside of a longer text or JSON: %s',
  (_, urlOf) => {
    fc.assert(
      fc.property(anyPassword(/^[/\\]/), (password) => {
        const url = urlOf(password);
        rememberSecret(url);
        for (const text of [`Cannot open ${url}: no`, JSON.stringify({ url, line: `x ${url}` })])
          never(redact(text));
        const problem = new Problem('unknown_source', { source: url, reason: `${url} is none` });
        for (const text of [format(problem), JSON.stringify(problem), problem.stack ?? '']) never(text);
      }),
      { numRuns: 200 },
    );
  },
);

test('a text with several URLs keeps what is not a password', () => {
  expect(redact('Copied postgres://a:x y@h1/d1 to postgres://b:"z@h2:5433/d2; ask me@example.com')).toBe(
    'Copied postgres://a@h1/d1 to postgres://b@example.com',
  );
  expect(redact('Copied postgres://a:x@h1/d1\nto postgres://b:z@h2:5433/d2')).toBe(
    'Copied postgres://a@h1/d1\nto postgres://b@h2:5433/d2',
  );
  const harmless = 'postgres://localhost:5432/shop is down, postgres://u@h:5432/x too: ask me@example.com';
  expect(redact(harmless)).toBe(harmless);
});

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-passwords-'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'schema.sql'), 'create table t (a int);');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const program = join(import.meta.dirname, '../../lib/bin.ts');
const several = join(import.meta.dirname, 'several-runs.ts');
const loader = import.meta.resolve('tsx');

/** Everything that a process writes, and what the list of processes says of it. */
function shownBy(
  [file, ...words]: readonly [string, ...string[]],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { DATABASE_URL: _, ...inherited } = process.env;
  return new Promise((resolve) => {
    let listed = '';
    const child = execFile(
      process.execPath,
      ['--import', loader, file, ...words],
      {
        cwd: root,
        env: { ...inherited, ...variables },
      },
      (_error, out, log) => {
        clearInterval(watch);
        resolve(out + log + listed);
      },
    );
    // The title is set when the program has been loaded, so the last that is seen counts.
    const watch = setInterval(() => {
      try {
        listed = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8') || listed;
      } catch {
        // It has ended.
      }
    }, 5);
  });
}

const hard = [`pa ss${canary}'<">`, `a,b;x@y/${canary}#?`];

test.each(hard)('processes with the password %s', async (password) => {
  const url = `postgres://app:${password}@127.0.0.1:1/shop`;
  writeFileSync(join(root, '.env'), `DATABASE_URL=\`${url}\`\n`);
  const runs = [
    ['db:status'],
    ['db:status', '--json'],
    ['db:diff', '--from', url, '--to', 'schema.sql'],
    ['db:diff', '--from', `app:${password}@127.0.0.1:1/shop`, '--to', 'schema.sql', '--json'],
    ['db:diff', `--from=postgres:/app:${password}@127.0.0.1:1/shop`, '--to', 'schema.sql'],
    [url],
  ];
  // The list of processes has the words of the one that is started with them.
  const [listed, shown] = await Promise.all([
    shownBy([program, ...(runs[2] ?? [])]),
    shownBy([several], { RUNS: JSON.stringify(runs) }),
  ]);
  never(listed);
  never(shown);
  expect(listed).not.toBe('');
  // Each has told its failure, in either stream.
  expect(shown.split(between)).toHaveLength(2 * runs.length + 1);
  expect(shown.match(/Hint:|"hint":/g)).toHaveLength(runs.length);
});
