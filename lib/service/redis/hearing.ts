// How a worker hears messages: those of the service that it trusts.
import type { ServiceLog } from '../log.ts';
import type { ServiceSettings } from '../settings.ts';
import type { ToWorker } from './letters.ts';
import { clock } from './remote-work.ts';
import { keepTrust, openSealReader, trustedService } from './seals.ts';

// Milliseconds between two lines about refused messages: each client of the Redis could fill the log.
const pause = 60_000;

/** The worker that hears. */
export interface HearingWorker {
  readonly id: string;
  hear(message: ToWorker): void;
}

/**
 * Opens the hearing of a worker. A message that is not of the service that it trusts is refused and logged,
 * at most once a minute.
 * @throws Problem `bad_option`, `unreadable_file`
 */
export async function openHearing(
  { folder, seal: key }: Pick<ServiceSettings, 'folder' | 'seal'>,
  worker: HearingWorker,
  log: ServiceLog,
): Promise<(sealed: object) => void> {
  const onFirst = (first: string) => {
    log.info({ PGMAGE_SERVICE_SEAL: first }, 'this worker takes jobs of this service alone from now on');
    keepTrust(folder, first).catch(({ message }: Error) => log.error({ reason: message }, 'it is not kept'));
  };
  const reader = await openSealReader({ worker: worker.id, folder, key, onFirst });
  const remedy =
    key === null ? `delete ${trustedService(folder)}` : 'set PGMAGE_SERVICE_SEAL to the key that it logs';
  let reported = Number.NEGATIVE_INFINITY;
  return (sealed) => {
    const message = reader.read(sealed);
    if (message !== null) return worker.hear(message);
    if (clock() - reported < pause) return;
    reported = clock();
    log.error(
      { remedy: `if the service has a new data folder, ${remedy}, and start the worker again` },
      'a message was refused: it is not of the service that this worker trusts',
    );
  };
}
