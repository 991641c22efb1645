// The format of counts and of amounts of storage.

/** A number with its noun: `1 step`, `1,000 rows`. The noun can have a verb: `row is`, `rows are`. */
export function formatCount(count: number | bigint | string, noun: string, plural = `${noun}s`): string {
  return `${count} ${String(count) === '1' ? noun : plural}`;
}

/** An amount of storage in the format of pg_size_pretty: `310 MB`. */
export function formatBytes(bytes: number): string {
  const names = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(names.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)));
  const amount = Math.round(bytes / 1024 ** power);
  return power === 0 ? formatCount(amount, 'byte') : `${amount} ${names[power]}`;
}
