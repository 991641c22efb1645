// The seals of messages to workers: signatures by a key that only the data folder of the service has. Without
// them, each client of the Redis could have a worker run a job that no service has accepted.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../config/file.ts';
import { isMissing, whileReading, whileWriting } from '../../problem/file.ts';
import { Problem } from '../../problem/problem.ts';
import type { ToWorker } from './letters.ts';

/** A message with its seal. */
export interface SealedMessage {
  readonly message: ToWorker;
  /** The public key of the service, as `PGMAGE_SERVICE_SEAL` has it. */
  readonly key: string;
  readonly seal: string;
}

/** The sender's side. */
export interface Sealer {
  readonly key: string;
  /** Seals a message for one worker: no other takes it. */
  seal(worker: string, message: ToWorker): SealedMessage;
}

/** The worker's side. */
export interface SealReader {
  /** The message; null: it is not from the service that the worker trusts. */
  read(sealed: unknown): ToWorker | null;
}

/** The worker that reads. */
export interface SealedWorker {
  readonly worker: string;
  /** Its data folder, which keeps the key of the first service that it hears. */
  readonly folder: string;
  /** The key of PGMAGE_SERVICE_SEAL; null: the first service is trusted. */
  readonly key: string | null;
  /** Receives the key of the first service. */
  onFirst(key: string): void;
}

/** Opens the seal of a data folder, and makes it where there is none. @throws Problem of the files */
export async function openSealer(folder: string): Promise<Sealer> {
  const file = join(folder, 'seal.pem');
  const own = privateKeyOf((await readText(file)) ?? (await makeKey(folder, file)));
  if (own === null) throw damaged(file);
  const key = String(createPublicKey(own).export({ format: 'jwk' }).x);
  return {
    key,
    seal: (worker, message) => ({
      ...{ message, key },
      seal: sign(null, textOf(worker, message), own).toString('base64url'),
    }),
  };
}

/** Opens the worker's side. @throws Problem `bad_option`, `unreadable_file` */
export async function openSealReader(reader: SealedWorker): Promise<SealReader> {
  const { worker } = reader;
  let trusted = await readTrusted(reader);
  return {
    read(sealed) {
      const given = sealed as Partial<SealedMessage>;
      const of = readKey(given.key);
      if (of === null || (trusted !== null && of !== trusted)) return null;
      const known = publicKeyOf(of);
      if (known === null || given.message === undefined) return null;
      const seal = Buffer.from(String(given.seal), 'base64url');
      if (!verify(null, textOf(worker, given.message), known, seal)) return null;
      if (trusted === null) {
        trusted = of;
        reader.onFirst(of);
      }
      return given.message;
    },
  };
}

async function readTrusted({ folder, key }: SealedWorker): Promise<string | null> {
  const file = trustedService(folder);
  const text = key ?? (await readText(file));
  if (text === null) return null;
  const trusted = readKey(text);
  if (trusted !== null && publicKeyOf(trusted) !== null) return trusted;
  if (key === null) throw damaged(file);
  const reason = 'the text is not the key that pgmage serve logs at its start';
  throw new Problem('bad_option', { option: 'PGMAGE_SERVICE_SEAL', reason });
}

const damaged = (file: string) =>
  new Problem('unreadable_file', { file, reason: 'it is damaged. Delete it, then start again' });

/** The file with the key of the service that a worker trusts. */
export const trustedService = (folder: string) => join(folder, 'trusted-service');

/** Keeps the key of the first service, which is then the only one. @throws Problem of the files */
export async function keepTrust(folder: string, key: string): Promise<void> {
  await writeKey(folder, trustedService(folder), `${key}\n`);
}

// A message that JSON has read is written as it was.
const textOf = (worker: string, message: object) => Buffer.from(`${worker}\n${JSON.stringify(message)}`);

async function makeKey(folder: string, file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const text = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await writeKey(folder, file, text);
  return text;
}

async function writeKey(folder: string, file: string, text: string): Promise<void> {
  await whileWriting(file, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(file, text, { mode: 0o600, flush: true });
  });
}

function readText(file: string): Promise<string | null> {
  return whileReading(file, () =>
    readFile(file, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    }),
  );
}

// The 32 bytes of a key, always written in the same way.
function readKey(text: unknown): string | null {
  const [, digits] = /^\s*([\w+/-]{43})=?\s*$/.exec(String(text)) ?? [];
  return digits === undefined ? null : Buffer.from(digits, 'base64url').toString('base64url');
}

function privateKeyOf(text: string): KeyObject | null {
  try {
    const own = createPrivateKey(text);
    return own.asymmetricKeyType === 'ed25519' ? own : null;
  } catch {
    return null;
  }
}

function publicKeyOf(x: string): KeyObject | null {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return null;
  }
}
