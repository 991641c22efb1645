// The requirements of a URL on the server's login and session: require_auth, channel_binding,
// target_session_attrs.
import type { Socket } from 'node:net';
import type { Parameters } from './parameters.ts';

/** The driver's inner connection, which its types leave out. */
export interface InnerClient extends NodeJS.EventEmitter {
  readonly stream: Socket;
}

const asked: Readonly<Record<string, string>> = {
  authenticationCleartextPassword: 'password',
  authenticationMD5Password: 'md5',
  authenticationSASL: 'scram-sha-256',
};

/**
 * Ends a login that the URL does not allow, before a password is sent. @returns why it was ended, once it was
 */
export function guardLogin(inner: InnerClient, said: Parameters): () => Error | undefined {
  let refusal: Error | undefined;
  let method = 'none';
  let isBound = false;
  const refuse = (reason: string) => {
    refusal ??= new Error(reason);
    inner.stream.destroy(refusal);
  };
  const hold = () => {
    if (!allows(said.require_auth ?? '', method))
      refuse(`require_auth=${said.require_auth} does not allow the server's method ${method}`);
    else if (said.channel_binding === 'require' && !isBound)
      refuse('channel_binding=require, but the server does not offer SCRAM with channel binding');
  };
  for (const [event, name] of Object.entries(asked))
    inner.on(event, ({ mechanisms = [] }: { mechanisms?: readonly string[] }) => {
      method = name;
      isBound = mechanisms.includes('SCRAM-SHA-256-PLUS') && 'encrypted' in inner.stream;
      hold();
    });
  let isComplete = false;
  inner.on('authenticationSASLFinal', () => {
    isComplete = true;
  });
  inner.on('authenticationOk', () => {
    hold();
    // The server shows with its last message of SCRAM that it knows the password, too.
    if (
      method === 'scram-sha-256' &&
      !isComplete &&
      (said.require_auth || said.channel_binding === 'require')
    )
      refuse('the server let the session in before it had completed SCRAM');
  });
  return () => refusal;
}

function allows(list: string, method: string): boolean {
  const methods = list.split(',').filter(Boolean);
  if (methods.length === 0) return true;
  const isNegative = methods.every((one) => one.startsWith('!'));
  return isNegative ? !methods.includes(`!${method}`) : methods.includes(method);
}

/** Why a session is not of the kind that is wanted, by what its server reports of it; null: it is. */
export function findSessionMisfit(wanted: string, reported: ReadonlyMap<string, string>): string | null {
  const isStandby = reported.get('in_hot_standby') === 'on';
  const isReadOnly = isStandby || reported.get('default_transaction_read_only') === 'on';
  const fits: Readonly<Record<string, boolean>> = {
    'read-write': !isReadOnly,
    'read-only': isReadOnly,
    primary: !isStandby,
    standby: isStandby,
    'prefer-standby': isStandby,
  };
  const is = isStandby ? 'a standby' : isReadOnly ? 'read-only' : 'a primary that accepts writes';
  return (fits[wanted] ?? true) ? null : `the server is ${is}, but target_session_attrs=${wanted}`;
}
