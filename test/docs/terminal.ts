// A command on a terminal of 80 columns, which a person ends with Ctrl-C.
import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

// Milliseconds until the text must be there.
const patience = 60_000;

/**
 * Runs a command until it has shown a text, and types Ctrl-C.
 * @returns what is on the screen at the end
 * @throws Error if the text does not come
 */
export function runOnTerminal(
  command: string,
  until: string,
  place: SpawnOptionsWithoutStdio,
): Promise<{ code: number; output: string }> {
  const child = spawn('script', ['-qec', `stty cols 80; exec ${command}`, '/dev/null'], place);
  let [shown, isTyped] = ['', false];
  const timer = setTimeout(() => child.kill(), patience);
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    shown += piece;
    if (isTyped || !shown.includes(until)) return;
    isTyped = true;
    child.stdin.write('\u0003');
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === null || !isTyped) reject(new Error(`${command} does not show ${until}: ${shown}`));
      else resolve({ code, output: readScreen(shown) });
    });
  });
}

// A line that is drawn again replaces itself.
function readScreen(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const last = lines.map((line) => stripVTControlCharacters(line.split('\r').at(-1) ?? '')).join('\n');
  return last.replace(/^\^C(?=.)/gm, '^C\n');
}
