// Opens the socket of a session and encrypts it (manual: "SSL Session Encryption" of the protocol).
import { createConnection, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { buildTlsOptions, type EncryptionMode } from './encryption.ts';
import type { Parameters } from './parameters.ts';
import { readKeepalive, type ServerPlace } from './route.ts';

/** A socket that is ready for the first message of a session. */
export interface Dialled {
  /** The stream: the socket, or TLS over it. */
  readonly stream: Socket | TLSSocket;
  readonly socket: Socket;
  readonly isEncrypted: boolean;
}

/** The address and mode to try. */
export interface DialAttempt {
  readonly place: ServerPlace;
  readonly way: EncryptionMode;
  /** True if a server that cannot encrypt is accepted. */
  readonly orPlain: boolean;
  readonly said: Parameters;
  /** Milliseconds; 0: no limit. */
  readonly limit: number;
}

// An untyped message: its length, and a code instead of a version.
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Opens a socket. Throws the system's error, that of TLS, or `timeout expired`. */
export async function dial(attempt: DialAttempt): Promise<Dialled> {
  const { place, said, limit } = attempt;
  const { keepalives, keepalives_idle } = readKeepalive({ said });
  const socket = place.address.startsWith('/')
    ? createConnection(`${place.address}/.s.PGSQL.${place.port}`)
    : createConnection({
        host: place.address,
        port: place.port,
        noDelay: true,
        // After the first probe Node sends one each second and gives up after ten.
        keepAlive: keepalives !== 0,
        keepAliveInitialDelay: keepalives_idle * 1000,
      });
  // The error has already ended the wait on this socket, so no other listener needs it.
  socket.on('error', () => undefined);
  const clock = limit > 0 ? setTimeout(() => socket.destroy(new Error('timeout expired')), limit) : undefined;
  try {
    await happened(socket, 'connect');
    const isDirect = said.sslnegotiation === 'direct';
    if (attempt.way === 'plain') return { stream: socket, socket, isEncrypted: false };
    const options = buildTlsOptions(said, place.host);
    if ('unfit' in options) throw broken(`SSL: ${options.unfit}`);
    const answer = isDirect ? 'S' : await ask(socket);
    if (answer === 'N' && attempt.orPlain) return { stream: socket, socket, isEncrypted: false };
    if (answer === 'N') throw broken('The server does not support SSL connections');
    if (answer !== 'S') throw broken('The server did not answer the request for an SSL connection');
    return { stream: await encrypt(socket, options), socket, isEncrypted: true };
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  } finally {
    clearTimeout(clock);
  }
}

// The caller makes a Problem of it, as of the system's errors.
const broken = (reason: string) => new Error(reason);

// Exactly one byte: plain text behind it would be read as if it were encrypted (CVE-2021-23222).
function ask(socket: Socket): Promise<string> {
  socket.write(sslRequest);
  return happened(socket, 'data').then((answer) => String(answer));
}

async function encrypt(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const stream = connectTls({ ...options, socket });
  stream.on('error', () => undefined);
  await happened(stream, 'secureConnect', socket);
  return stream;
}

// The first of an event, an error of either socket, and their end.
function happened(stream: Socket, event: string, below: Socket = stream): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const close = () => reject(new Error('the server closed the connection'));
    const ends = [stream, below];
    const done = (value?: unknown) => {
      for (const one of ends) one.off('error', fail).off('close', close);
      stream.off(event, done);
      resolve(value);
    };
    const fail = (error: Error) => reject(error);
    for (const one of ends) one.on('error', fail).on('close', close);
    stream.on(event, done);
  });
}
