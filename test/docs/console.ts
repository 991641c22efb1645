// The sessions in documents: commands in ```console blocks, with their output, and hidden steps between them.

/** One step of a session. */
export type Step =
  /** Shown: a command of the shell with its output. */
  | { readonly does: 'show'; readonly command: string; readonly output: string }
  /** Hidden: a command of the shell. `<!-- run: … -->` */
  | { readonly does: 'run'; readonly command: string }
  /** Hidden: the next command runs on a terminal, and gets Ctrl-C after this text. `<!-- stop: … -->` */
  | { readonly does: 'stop'; readonly text: string }
  /** Hidden: SQL in the database of an environment. `<!-- sql prod: … -->` */
  | { readonly does: 'sql'; readonly environment: string; readonly sql: string }
  /** The next block of code is the content of this file. `<!-- write: schema/schema.sql -->` */
  | { readonly does: 'write'; readonly file: string; readonly content: string };

const part =
  /<!-- (run|stop|sql|write)(?: (\w+))?:\s*([\s\S]*?) -->(?:\n+```(?!console)\w*\n([\s\S]*?)```)?|(`{3,})console\n([\s\S]*?)\5(?!`)/g;

/** The steps of a document, in their order. */
export function stepsOf(text: string): Step[] {
  return [...text.matchAll(part)].flatMap(([, does, environment, body, code, , shown]): Step[] => {
    if (shown !== undefined) return shownSteps(shown);
    if (does === 'sql') return [{ does, environment: environment ?? 'local', sql: body as string }];
    if (does === 'write') return [{ does, file: body as string, content: code ?? '' }];
    if (does === 'stop') return [{ does, text: body as string }];
    return [{ does: 'run', command: body as string }];
  });
}

function shownSteps(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((one) => {
      const [command = '', ...output] = one.split(/(?<!\\)\n/);
      return { does: 'show', command, output: output.join('\n').trimEnd() };
    });
}

/** The document with other outputs of its shown commands, in their order. */
export function withOutputs(text: string, outputs: readonly string[]): string {
  let next = 0;
  return text.replace(part, (whole, _does, _environment, _body, _code, fence: string, shown?: string) => {
    if (shown === undefined) return whole;
    const steps = shownSteps(shown).map((step) => {
      const output = outputs[next++] ?? '';
      return `$ ${'command' in step ? step.command : ''}\n${output === '' ? '' : `${output}\n`}`;
    });
    return `${fence}console\n${steps.join('\n')}${fence}`;
  });
}

/** The text with one blank for several, because names of other lengths move the columns of a table. */
export function squeezed(text: string): string {
  return text.replace(/(?<=\S) {2,}/g, ' ');
}

/** What differs from run to run, as the documents show it. Each value keeps its own sample. */
export class Samples {
  readonly #seen = new Map<string, string>();
  readonly #samples = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #literals: readonly (readonly [string, string])[];

  /** @param literals texts with their samples: addresses of servers, names of databases, folders */
  constructor(literals: readonly (readonly [string, string])[]) {
    this.#literals = literals;
  }

  /** The text with samples. */
  apply(text: string): string {
    let found = text;
    for (const [from, to] of [...this.#literals, ...this.#seen]) found = found.replaceAll(from, to);
    for (const [pattern, sample] of patterns)
      found = found.replace(pattern, (value) => this.#sampleOf(value, sample));
    return found;
  }

  /** A command of a document with the values of this run. */
  revert(command: string): string {
    return [...this.#seen].reduce((text, [value, sample]) => text.replaceAll(sample, value), command);
  }

  #sampleOf(value: string, sample: string | ((nth: number) => string)): string {
    if (typeof sample === 'string') return sample;
    const known = this.#samples.has(value) ? value : this.#seen.get(value);
    if (known !== undefined) return known;
    const nth = (this.#counts.get(sample.name) ?? 0) + 1;
    this.#counts.set(sample.name, nth);
    this.#seen.set(value, sample(nth));
    this.#samples.add(sample(nth));
    // The first digits of an id stand for it.
    if (sample === uuid) this.#seen.set(value.slice(0, 8), sample(nth).slice(0, 8));
    return sample(nth);
  }
}

const number = (nth: number) => `202611200930${String(nth).padStart(5, '0')}`;
const uuid = (nth: number) => `${nth}f0c9a51-7a0e-4d0c-9a53-5f6f1f1f3b11`;
const hash = (nth: number) => `${nth}e1a915258d4fbf9c3ae23d2cf6bfbc`;
const stamp = (nth: number) => `2026-11-20T09-3${nth}-00Z`;

const patterns: readonly (readonly [RegExp, string | ((nth: number) => string)])[] = [
  [/(?<!\d)20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ/g, stamp],
  [/\b20\d{15}(?=_|\b)/g, number],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, uuid],
  [/\b[0-9a-f]{31,64}\b/g, hash],
  [/\bpgm_[0-9a-f]{8}_[\w-]{43}/g, 'pgm_1f0c9a51_A-KEY-HAS-THIS-LENGTH-IT-IS-SHOWN-ONLY-ONCE'],
  [/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-11-20 09:30:00'],
  [/\b20\d\d-\d\d-\d\d \d\d:\d\d(?!:)/g, '2026-11-20 09:30'],
  // The time of a line of a log.
  [/(?<=^(?:--- )?)\d\d:\d\d:\d\d(?= )/gm, '09:30:00'],
  [/\b[\d.]+ [kM]?B\/s/g, '264 kB/s'],
  [/\b[\d.]+ [GT]B are free/g, '120 GB are free'],
  [/\bneeds \d+ MB/g, 'needs 9 MB'],
  [/\b18\.\d+\b/g, '18.4'],
  // The size of a compressed file.
  [/\b\d+ kB(?=, in | {2}6,?\d{3} )/g, '41 kB'],
  [/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '2026-11-20T09:30:00Z'],
  [/\b(just now|\d+ (second|minute)s? ago)/g, '2 minutes ago'],
  [/\b\d+(\.\d+)? m?s\b(?! each)/g, '0.4 s'],
  [/\bPostgreSQL 1\d(\.\d+)?( \(Debian [^)]*\))?/g, 'PostgreSQL 18'],
];
