// A worker takes messages of its service alone: signed, for this worker, and as they were.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHearing } from '../../lib/service/redis/hearing.ts';
import type { ToWorker } from '../../lib/service/redis/letters.ts';
import { keepTrust, openSealer, openSealReader, type SealReader } from '../../lib/service/redis/seals.ts';
import { failure } from '../failure.ts';

const message: ToWorker = { is: 'cancel', entry: 'entry' };

let root: string;
let firsts: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-seals-'));
  firsts = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const sealer = (name: string) => openSealer(join(root, name));
const reader = (key: string | null, worker = 'worker'): Promise<SealReader> =>
  openSealReader({ worker, folder: join(root, 'of-worker'), key, onFirst: (first) => firsts.push(first) });
// As Redis gives it back.
const sent = (sealed: object): unknown => JSON.parse(JSON.stringify(sealed));

test('the key stays the same, and its file is for its owner only', async () => {
  const { key } = await sealer('service');
  expect((await sealer('service')).key).toBe(key);
  const file = join(root, 'service/seal.pem');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).not.toContain(key);
});

test('a worker with the key of a service takes its messages, and no others', async () => {
  const [service, other] = [await sealer('service'), await sealer('other')];
  const { read } = await reader(service.key);
  const sealed = service.seal('worker', message);
  expect(read(sent(sealed))).toEqual(message);
  expect(firsts).toEqual([]);
  for (const odd of [
    other.seal('worker', message),
    { ...other.seal('worker', message), key: service.key },
    service.seal('another worker', message),
    { ...sealed, message: { is: 'cancel', entry: 'other' } },
    { ...sealed, seal: '' },
    { message },
    { ...sealed, message: undefined },
    message,
  ])
    expect([odd, read(sent(odd))]).toEqual([odd, null]);
});

test('a worker without a key trusts the first service, and after a restart no other one', async () => {
  const [service, other] = [await sealer('service'), await sealer('other')];
  const { read } = await reader(null);
  expect(read({ ...service.seal('worker', message), seal: 'forged' })).toBeNull();
  expect(firsts).toEqual([]);
  expect(read(service.seal('worker', message))).toEqual(message);
  expect(read(other.seal('worker', message))).toBeNull();
  expect(firsts).toEqual([service.key]);
  await keepTrust(join(root, 'of-worker'), service.key);
  const again = await reader(null);
  expect(again.read(other.seal('worker', message))).toBeNull();
  expect(again.read(service.seal('worker', message))).toEqual(message);
  expect(firsts).toEqual([service.key]);
});

test('the key of a service is taken however its 32 bytes are written', async () => {
  const service = await sealer('service');
  const plain = Buffer.from(service.key, 'base64url').toString('base64');
  for (const written of [`${service.key} `, `\n${service.key}\n`, `${service.key}=`, plain]) {
    const { read } = await reader(written);
    expect([written, read(service.seal('worker', message))]).toEqual([written, message]);
  }
});

test('a text that is no key of a service is refused at the start', async () => {
  const { key } = await sealer('service');
  for (const odd of ['no key', '', `"${key}"`, key.slice(1), `${key}A`, `${key}==`, `${key} ${key}`]) {
    const { code, message } = await failure(reader(odd));
    expect([odd, code, message]).toEqual([odd, 'bad_option', expect.stringContaining('PGMAGE_SERVICE_SEAL')]);
  }
});

test.each(['', 'half of a k'])('a file of keys that was damaged is named: %j', async (content) => {
  const files = { seal: join(root, 'service/seal.pem'), trusted: join(root, 'of-worker/trusted-service') };
  for (const name of ['service', 'of-worker']) mkdirSync(join(root, name));
  for (const file of Object.values(files)) writeFileSync(file, content);
  const expected = (file: string) => ({ code: 'unreadable_file', message: expect.stringContaining(file) });
  expect(await failure(sealer('service'))).toMatchObject(expected(files.seal));
  expect(await failure(reader(null))).toMatchObject(expected(files.trusted));
});

test('files of keys are written as a whole, and leave no other file', async () => {
  const { key } = await sealer('service');
  await keepTrust(join(root, 'of-worker'), key);
  await keepTrust(join(root, 'of-worker'), key);
  expect(['service', 'of-worker'].map((name) => readdirSync(join(root, name)))).toEqual([
    ['seal.pem'],
    ['trusted-service'],
  ]);
  // A file that cannot take its name is not left as a draft.
  mkdirSync(join(root, 'other/trusted-service'), { recursive: true });
  expect(await failure(keepTrust(join(root, 'other'), key))).toMatchObject({ code: 'unwritable_file' });
  expect(readdirSync(join(root, 'other'))).toEqual(['trusted-service']);
});

test('messages that are refused are logged once a minute, also between those that are not', async () => {
  const [service, other] = [await sealer('service'), await sealer('other')];
  const heard: ToWorker[] = [];
  const logged: string[] = [];
  const log = (_: object, line: string) => void logged.push(line);
  const worker = { id: 'worker', hear: (one: ToWorker) => void heard.push(one) };
  const settings = { folder: join(root, 'of-worker'), seal: service.key };
  const hear = await openHearing(settings, worker, { info: log, warn: log, error: log });
  for (let count = 0; count < 5; count++)
    for (const sealed of [other.seal('worker', message), service.seal('worker', message)]) hear(sealed);
  expect(heard).toEqual(Array(5).fill(message));
  expect(logged).toEqual(['a message was refused: it is not of the service that this worker trusts']);
});
