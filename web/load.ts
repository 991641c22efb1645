// Data of the service as state of a component.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { RequestFailed, request, type ShownProblem } from './client.ts';

/** Data that is loading, loaded, or failed to load. Older data stays while it loads again. */
export interface Loaded<T> {
  readonly data: T | undefined;
  readonly problem: ShownProblem | undefined;
  /** Loads it again. */
  readonly reload: () => void;
}

// Milliseconds until data that could not be had is asked for again.
const pause = 3000;

/** Loads from a path of the service; null: nothing yet. Tries again while the service does not answer. */
export function useLoad<T>(path: string | null): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; problem?: ShownProblem }>({ path });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === null) return;
    let isOver = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    request<T>('GET', path).then(
      (data) => {
        if (!isOver) setState({ path, data });
      },
      (thrown) => {
        if (isOver) return;
        setState((before) => ({ ...before, path, problem: problemOf(thrown) }));
        if (thrown instanceof RequestFailed && thrown.status === 0)
          again = setTimeout(() => setRound((one) => one + 1), pause);
      },
    );
    return () => {
      isOver = true;
      clearTimeout(again);
    };
  }, [path, round]);
  const reload = useCallback(() => setRound((one) => one + 1), []);
  const isOld = state.path !== path;
  return { data: isOld ? undefined : state.data, problem: isOld ? undefined : state.problem, reload };
}

/** An action of the page: whether it runs, its problem, and a function that starts it once. */
export interface Action<A extends readonly unknown[]> {
  readonly isBusy: boolean;
  readonly problem: ShownProblem | undefined;
  readonly run: (...given: A) => Promise<void>;
}

/** Makes an action of a function that asks the service for something. */
export function useAction<A extends readonly unknown[]>(act: (...given: A) => Promise<unknown>): Action<A> {
  const [state, setState] = useState<{ isBusy: boolean; problem?: ShownProblem }>({ isBusy: false });
  const newest = useRef(act);
  newest.current = act;
  const busy = useRef(false);
  const run = useCallback(async (...given: A) => {
    if (busy.current) return;
    busy.current = true;
    setState({ isBusy: true });
    try {
      await newest.current(...given);
      setState({ isBusy: false });
    } catch (thrown) {
      setState({ isBusy: false, problem: problemOf(thrown) });
    } finally {
      busy.current = false;
    }
  }, []);
  return { isBusy: state.isBusy, problem: state.problem, run };
}

/** Any thrown value as a problem to show. */
export function problemOf(thrown: unknown): ShownProblem {
  if (thrown instanceof RequestFailed) return thrown.problem;
  return { code: 'internal', message: String(thrown), hint: 'Reload the page.' };
}
