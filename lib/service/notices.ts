// Notifications: rows that are added with the change that they tell, and sent until an address takes them.
import { createTransport } from 'nodemailer';
import type { NotifyConfig } from '../config/serve.ts';
import type { Connection } from '../pg/connection.ts';
import { formatBytes, formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';
import type { Service } from './service.ts';

/** A notification. */
export interface Notification {
  readonly event: 'job_failed' | 'job_done' | 'overdue' | 'drift_found' | 'storage_nearly_full';
  /** The schedule whose job it is. */
  readonly schedule?: string;
  readonly job?: string;
  readonly kind?: string;
  readonly database?: string | null;
  readonly problem?: unknown;
  readonly changes?: number;
  readonly lastSuccess?: string | null;
  /** The storage that is nearly full. */
  readonly folder?: string;
  readonly bytes?: number;
  readonly limit?: number;
}

/** The sender of notifications. */
export interface NoticeSender {
  stop(): Promise<void>;
}

type Channel = 'webhook' | 'email' | 'ping';

// Tries before a notification is given up, and the seconds before the next one: 10, 20, 40 …
const mostTries = 8;
const firstDelay = 10;
// Milliseconds: between two looks; for an answer.
const [tick, patience] = [2_000, 10_000];

/** Adds a notification for each configured address, in the transaction of what it tells. */
export async function addNotice(
  session: Connection,
  config: NotifyConfig,
  notice: Notification,
): Promise<void> {
  const channels: Channel[] = ['webhook', 'email'];
  for (const channel of channels.filter((one) => config[one as 'webhook' | 'email'] !== undefined))
    await insert(session, channel, notice);
}

/** Adds the call of a schedule's own address. */
export async function addPing(session: Connection, schedule: string, failed: boolean): Promise<void> {
  await insert(session, 'ping', { event: failed ? 'job_failed' : 'job_done', schedule });
}

const insert = (session: Connection, channel: Channel, data: object) =>
  session.rows('insert into service.notices (channel, data) values ($1, $2::jsonb)', [
    channel,
    JSON.stringify(data),
  ]);

interface Row {
  readonly id: string;
  readonly channel: Channel;
  readonly data: Notification;
  readonly tries: number;
}

/** Starts to send what is due. */
export function startNotices(service: Service): NoticeSender {
  let work: Promise<void> | null = null;
  const look = () => {
    work ??= sendDue(service)
      .catch((thrown: Error) => service.log.error({ reason: thrown.message }, 'notifications were not sent'))
      .finally(() => {
        work = null;
      });
  };
  const timer = setInterval(look, tick);
  return {
    async stop() {
      clearInterval(timer);
      await work;
    },
  };
}

async function sendDue(service: Service): Promise<void> {
  for (;;) {
    const next = await service.store.change(takeNext);
    if (next === null) return;
    const { id, channel, tries } = next;
    const failure = await send(service, next).then(
      () => null,
      (thrown: Error) => redact(thrown.message),
    );
    if (failure === null || tries >= mostTries)
      await service.store.use((session) =>
        session.rows('delete from service.notices where id = $1::bigint', [id]),
      );
    if (failure === null) service.log.info({ channel, event: next.data.event }, 'notification sent');
    else service.log.warn({ channel, tries, reason: failure }, 'notification was not taken');
  }
}

// Its next try is set before it is sent, so that a service that ends meanwhile leaves it to another one.
async function takeNext(session: Connection): Promise<Row | null> {
  const [row] = await session.rows<Row>(
    `update service.notices set tries = tries + 1,
       due_at = pg_catalog.now() + ${firstDelay} * pg_catalog.power(2, tries) * interval '1 s'
     where id = (select n.id from service.notices n where n.due_at <= pg_catalog.now()
       order by n.id limit 1 for update skip locked)
     returning id::text as id, channel, data, tries`,
  );
  return row ?? null;
}

async function send({ project, settings }: Service, { channel, data }: Row): Promise<void> {
  const { webhook, email } = settings.notify;
  const ping = project.serve?.schedules?.[data.schedule ?? '']?.ping;
  if (channel === 'ping' && ping !== undefined)
    return call(data.event === 'job_failed' ? `${ping.replace(/\/$/, '')}/fail` : ping, { method: 'GET' });
  const text = describeNotice(data);
  if (channel === 'webhook' && webhook !== undefined)
    return call(webhook, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(describeHook(data)),
    });
  if (channel === 'email' && email !== undefined) {
    const { smtp, from, to } = email;
    const [subject = text] = text.split('\n');
    await createTransport(smtp, { connectionTimeout: patience } as object).sendMail({
      from,
      to,
      subject: `pgmage: ${subject}`,
      text,
    });
  }
}

// Discord refuses a longer `content` (its documents: Execute Webhook).
const longestContent = 2000;

/** The body for a webhook: `text` is what Slack and Mattermost show, `content` what Discord shows. */
export function describeHook(data: Notification): Notification & { text: string; content: string } {
  const text = describeNotice(data);
  // Not in the middle of a surrogate pair.
  const start = text.slice(0, longestContent - 1).replace(/[\ud800-\udbff]$/, '');
  const content = text.length <= longestContent ? text : `${start}…`;
  return { ...data, text, content };
}

async function call(url: string, options: RequestInit): Promise<void> {
  const answer = await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(patience) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Problem('notification_refused', { status: answer.status });
}

const describeStorage = ({ folder, bytes = 0, limit = 0 }: Omit<Notification, 'event'>) =>
  `Storage nearly full: ${folder} has ${formatBytes(bytes)} of ${formatBytes(limit)}\n` +
  'Hint: Delete backups, run pgmage db:backups prune --yes, or raise serve.maxStorage.';

/** A notification as a sentence, and the problem with its hint. */
export function describeNotice({ event, schedule, kind, database, ...of }: Notification): string {
  const what = [kind ?? 'job', ...(database ? [`of ${database}`] : [])].join(' ');
  const by = schedule === undefined ? '' : ` (schedule ${schedule})`;
  if (event === 'overdue')
    return `Overdue: schedule ${schedule} had no success since ${of.lastSuccess ?? 'it was added'}`;
  if (event === 'storage_nearly_full') return describeStorage(of);
  if (event === 'drift_found')
    return (
      `Drift found: ${database} differs from schema.sql in ` +
      `${formatCount(Number(of.changes), 'object')}${by}`
    );
  if (event === 'job_done') return `Done: ${what}${by}`;
  const { message = '', hint = '' } = (of.problem ?? {}) as { message?: string; hint?: string };
  return `Failed: ${what}${by}\n${message}\nHint: ${hint}`;
}
