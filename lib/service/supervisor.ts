// Messages to systemd: the service is ready, alive or stopping (sd_notify(3)). Node.js cannot send datagrams
// to a Unix socket, so the program systemd-notify sends them.
import { readOutput } from '../programs/run.ts';
import type { ServiceLog } from './log.ts';
import type { ServeVariables } from './settings.ts';

/** The way to the supervisor of the process. Without one, it sends nothing. */
export interface Supervisor {
  /**
   * Tells that requests are answered, and from now on, in time, that the service is alive.
   * @param isAlive false, or a failure: no message is sent, and systemd starts the service again
   */
  ready(isAlive: () => Promise<boolean>): Promise<void>;
  stopping(): Promise<void>;
}

// Milliseconds that systemd may take.
const timeout = 5_000;

/** Opens the way to the supervisor that the variables of systemd name. */
export function openSupervisor(
  { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit }: ServeVariables,
  log: ServiceLog,
): Supervisor {
  if (!socket) return { ready: async () => undefined, stopping: async () => undefined };
  let timer: ReturnType<typeof setInterval> | undefined;
  const tell = async (state: string) => {
    const { failure, errors } = await readOutput({ file: 'systemd-notify', args: [state], timeout });
    if (failure !== null) log.error({ state, reason: errors || failure }, 'systemd-notify failed');
  };
  return {
    async ready(isAlive) {
      await tell('READY=1');
      const milliseconds = Number(limit) / 1000;
      if (!(milliseconds > 0)) return;
      const beat = async () => {
        if (await isAlive().catch(() => false)) await tell('WATCHDOG=1');
      };
      timer = setInterval(() => void beat(), milliseconds / 2);
    },
    async stopping() {
      clearInterval(timer);
      await tell('STOPPING=1');
    },
  };
}
