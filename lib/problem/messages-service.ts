// The part of the table of words that is about the service.

import { formatCount } from './amount.ts';
import { type MessageRow, row } from './message.ts';
import type { ServiceProblems } from './service-codes.ts';

/** Their part of the table; total by its type. */
export const serviceMessages: { readonly [C in keyof ServiceProblems]: MessageRow<ServiceProblems[C]> } = {
  unauthorized: row(
    1,
    401,
    (of) => `Not logged in: ${of.reason}`,
    'Send Authorization: Bearer KEY. Create a key with npx pgmage serve:key add laptop' +
      ' --scope read,run,write,download.',
  ),
  forbidden: row(
    1,
    403,
    (of) => `Not allowed: ${of.reason}`,
    ({ way = 'Use a key that has this right.' }) => `${way}`,
  ),
  csrf: row(
    1,
    403,
    (of) => `The request does not come from the page: ${of.reason}`,
    'Reload the page and log in again.',
  ),
  too_many_requests: row(
    1,
    429,
    () => 'Too many failed logins from this address',
    (of) => `Wait ${formatCount(of.seconds, 'second')}.`,
  ),
  bad_request: row(
    64,
    400,
    (of) => `Bad request: ${of.reason}`,
    'Correct the request. GET /api/openapi.json describes it.',
  ),
  body_too_large: row(
    64,
    413,
    (of) => `The body of the request is larger than ${of.limit} bytes`,
    'Send a smaller body.',
  ),
  unknown_route: row(
    64,
    404,
    (of) => `${of.method} ${of.path} does not exist`,
    'GET /api/openapi.json lists the requests.',
  ),
  method_not_allowed: row(
    64,
    405,
    (of) => `${of.path} does not take ${of.method}`,
    (of) => `Use ${of.allowed.join(', ')}. GET /api/openapi.json lists the requests.`,
  ),
  unknown_job: row(1, 404, (of) => `Job ${of.job} does not exist`, 'GET /api/jobs lists the jobs.'),
  unknown_schedule: row(
    1,
    404,
    (of) => `Schedule ${of.schedule} does not exist`,
    'GET /api/schedules lists the schedules.',
  ),
  unknown_key: row(1, 404, (of) => `Key ${of.key} does not exist`, 'GET /api/keys lists the keys.'),
  notification_refused: row(
    1,
    502,
    (of) => `The address of a notification answered ${of.status}`,
    'Check serve.notify and the ping addresses of serve.schedules in the configuration.',
  ),
  slot_taken: row(
    1,
    409,
    (of) => `The job of ${of.requester} was added already`,
    'GET /api/jobs lists the jobs.',
  ),
  job_over: row(
    1,
    409,
    (of) => `The job ${of.job} is over: ${of.state}`,
    'Start it again with POST /api/jobs/{id}/retry.',
  ),
  job_running: row(
    1,
    409,
    (of) => `The job ${of.job} is not over: ${of.state}`,
    'Wait for its end, or cancel it.',
  ),
  backup_in_use: row(
    1,
    409,
    (of) => `Cannot delete ${of.file}: ${of.reason}`,
    'Wait until no job uses it, and remove its mark keep.',
  ),
  storage_full: row(
    1,
    507,
    ({ limit, present, needed }) =>
      needed === null
        ? `The folder of backups outgrew its limit: ${present} of ${limit} bytes. The new file was removed`
        : `The folder of backups is too full: ${present} of ${limit} bytes used, about ${needed} needed`,
    'Delete backups, run pgmage db:backups prune --yes, or raise serve.maxStorage.',
  ),
  upload_refused: row(
    64,
    415,
    (of) => `The file is not a dump that pgmage can import: ${of.reason}`,
    'Upload SQL as UTF-8 text, SQL compressed by gzip or zstd, or an archive of pg_dump -Fc or -Ft.',
  ),
  too_many_uploads: row(
    1,
    429,
    (of) => `There are ${of.limit} uploads at once already`,
    'Retry when one of them is over.',
  ),
  documents_too_large: row(
    1,
    422,
    (of) =>
      `The documents of ${of.database} are too large for the page:` +
      ` ${of.size} characters, and the limit is ${of.limit}`,
    (of) => `Write them to files: npx pgmage db:docs --from ${of.database} --out docs/schema`,
  ),
  plan_outdated: row(
    1,
    409,
    (of) => `The plan is outdated: ${of.reason}`,
    'Nothing was changed. Make a new plan, check it, and start the job again.',
  ),
  plan_needed: row(
    1,
    409,
    (of) => `The job ${of.kind} replaces data of ${of.target}: it needs a plan`,
    'Send the planId of POST /api/plans, or force and confirm with the name of the target.',
  ),
  queue_full: row(
    1,
    429,
    (of) => `The queue is full: ${formatCount(of.limit, 'job is', 'jobs are')} waiting`,
    'Retry when some of them are over, or cancel some.',
  ),
  queue_unavailable: row(
    1,
    503,
    (of) => `The queue cannot be used: ${of.reason}`,
    (of) =>
      of.redis === undefined
        ? 'Check the database of PGMAGE_QUEUE_URL, and the free space of the data folder.'
        : of.redis === 'eviction'
          ? 'Run redis-cli config set maxmemory-policy noeviction, and write it into redis.conf.'
          : 'Try redis-cli -u "$PGMAGE_QUEUE_URL" ping. A server with TLS needs a rediss:// URL.',
  ),
  service_starting: row(
    1,
    503,
    () => 'The service is starting',
    (of) => `Ask again in ${of.seconds} s. GET /ready answers 200 when it has started.`,
  ),
  service_running: row(
    1,
    423,
    (of) => `Another pgmage serve uses ${of.folder}`,
    (of) =>
      of.redis
        ? 'Stop it first; after a crash, wait 30 s. On this machine, run pgmage serve:worker instead.'
        : 'Stop it first, or name another folder with --data.',
  ),
  job_lost: row(
    1,
    500,
    (of) =>
      `The process of the job ended: ${of.reason}. ` +
      (of.target === 'unchanged' ? 'The target is unchanged' : 'The state of the target is unknown'),
    (of) =>
      of.target === 'unchanged'
        ? 'Start it again with POST /api/jobs/{id}/retry.'
        : 'Look at the target before you start the job again.',
  ),
};
