// A server of our own beside this process. It ends with this process, also where that is killed.
import { spawn } from 'node:child_process';

/** A server to start. */
export interface OwnServer {
  /** Its own folder, which is removed after its end; its output goes to the file `log` there. */
  readonly folder: string;
  /** The folder that is copied to `data` there before it starts. */
  readonly template: string;
  /** The program, which ends on SIGQUIT, and its arguments. */
  readonly command: readonly string[];
  /** All variables that it has: none of this process's own. */
  readonly variables: Readonly<Record<string, string>>;
}

// The shell waits for the end of its input, which comes when this process ends it, exits or is killed. The
// server has its own group of processes, so that Ctrl-C reaches this process alone.
const script = `trap '' HUP INT TERM; umask 077; template=$1; shift
cp -R "$template" "$0/data"
"$@" >"$0/log" 2>&1 </dev/null & pid=$!
read -r _
kill -QUIT $pid; wait $pid; rm -rf "$0"`;

/**
 * Starts a server. This process may end without waiting for it.
 * @returns ends it at once
 */
export function startOwnServer({ folder, template, command, variables }: OwnServer): () => void {
  const child = spawn('/bin/sh', ['-c', script, folder, template, ...command], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...variables },
  });
  // Neither the program nor the pipe to it keeps this process from ending.
  child.unref();
  const input = child.stdin as typeof child.stdin & { unref?(): void };
  child.on('error', () => undefined);
  input.on('error', () => undefined);
  input.unref?.();
  return () => input.destroy();
}
