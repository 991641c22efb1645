// Times as people read them, which grow older while the page is open.
import { useEffect, useState } from 'preact/hooks';
import { formatAge } from '../lib/report/format.ts';

/** The time of now, again after each period of milliseconds. */
export function useNow(period: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}

/** A time as its age; the tooltip has the time itself. */
export function Ago({ time }: { readonly time: string }) {
  const now = useNow(30_000);
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAge(new Date(time), now)}
    </time>
  );
}

/** A time in the zone of the browser: `2026-11-29 21:20:05`. */
export function Time({ time }: { readonly time: string }) {
  return <time dateTime={time}>{formatTime(time)}</time>;
}

/** A time in the zone of the browser: `2026-11-29 21:20:05`. */
export function formatTime(time: string): string {
  return new Date(time).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
}

/** The time of day: `21:20:05`. */
export function formatClock(time: string): string {
  return new Date(time).toLocaleTimeString('sv-SE');
}
