// The event stream of the service: it resumes where it was cut, and ends with the page.
import { useEffect, useRef, useState } from 'preact/hooks';
import { resumeSession } from './client.ts';

/** The types of events. */
const types = ['state', 'progress', 'line', 'gap'] as const;

/** One event. */
export interface LiveEvent {
  readonly type: (typeof types)[number];
  /** Its number; the server numbers events without holes. */
  readonly id: number;
  readonly data: unknown;
}

/** The state of a stream. */
export type StreamState = 'connecting' | 'open' | 'lost';

// Milliseconds until a stream that the server refused is opened again.
const pause = 3000;

/**
 * Listens to a stream; null: to none. The browser reconnects by itself, with the number of the last event.
 * Where the server refuses the connection, the session may have ended: then the page asks, and tries again.
 * @param heard takes each event; true: it is the last
 */
export function useEvents(path: string | null, heard: (event: LiveEvent) => boolean): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const newest = useRef(heard);
  newest.current = heard;
  useEffect(() => {
    if (path === null) return;
    let source: EventSource;
    let again: ReturnType<typeof setTimeout> | undefined;
    let last: string | null = null;
    const open = () => {
      source = new EventSource(last === null ? path : withAfter(path, last));
      source.onopen = () => setState('open');
      source.onerror = () => {
        setState('lost');
        if (source.readyState !== EventSource.CLOSED) return;
        again = setTimeout(() => {
          resumeSession().catch(() => {});
          open();
        }, pause);
      };
      for (const type of types)
        source.addEventListener(type, (event: MessageEvent<string>) => {
          last = event.lastEventId;
          if (newest.current({ type, id: Number(event.lastEventId), data: JSON.parse(event.data) }))
            source.close();
        });
    };
    open();
    return () => {
      clearTimeout(again);
      source.close();
    };
  }, [path]);
  return state;
}

function withAfter(path: string, last: string): string {
  const url = new URL(path, location.origin);
  url.searchParams.set('after', last);
  return url.pathname + url.search;
}
