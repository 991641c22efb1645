// Failed logins of each address, so that keys cannot be guessed.

/** Counts failed logins. */
export interface LoginAttempts {
  /** Notes a failure. @returns the seconds that the address has to wait; 0: it may try again */
  fail(address: string): number;
}

const [most, window] = [10, 60_000];
// Addresses that are remembered.
const capacity = 10_000;

/** Ten failures a minute are allowed for each address. */
export function countAttempts(now: () => Date): LoginAttempts {
  const failures = new Map<string, number[]>();
  return {
    fail(address) {
      const time = now().getTime();
      const recent = (failures.get(address) ?? []).filter((one) => time - one < window).slice(-most);
      const [first = time] = recent;
      const isOver = recent.length >= most;
      failures.delete(address);
      const [oldest] = failures.keys();
      if (failures.size >= capacity && oldest !== undefined) failures.delete(oldest);
      failures.set(address, isOver ? recent : [...recent, time]);
      return isOver ? Math.max(1, Math.ceil((first + window - time) / 1000)) : 0;
    },
  };
}
