// Scripts added to a package.json, everything else of which stays byte for byte.
import { Problem } from '../problem/problem.ts';

/** A text with scripts, and which of them are new. */
export interface Scripts {
  readonly text: string;
  readonly added: readonly string[];
}

/**
 * Adds the scripts that a package.json does not have yet.
 * @throws Problem `unreadable_file` where it is not a JSON object
 */
export function withScripts(text: string, scripts: Readonly<Record<string, string>>): Scripts {
  const known = scriptsOf(text);
  const added = Object.keys(scripts).filter((name) => !Object.hasOwn(known ?? {}, name));
  if (added.length === 0) return { text, added };
  const end = /\r\n/.test(text) ? '\r\n' : '\n';
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const lines = added.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(scripts[name])}`);
  const place = known === undefined ? null : objectOf(text, 'scripts');
  if (place !== null) return { text: inserted(text, place, lines, { end, indent: unit.repeat(2) }), added };
  const entries = lines.map((line) => unit.repeat(2) + line).join(`,${end}`);
  const object = `"scripts": {${end}${entries}${end}${unit}}`;
  const whole = { from: text.indexOf('{') + 1, to: text.lastIndexOf('}') };
  return { text: inserted(text, whole, [object], { end, indent: unit }), added };
}

function scriptsOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return (value as { scripts?: Record<string, unknown> }).scripts;
  } catch {
    // The error is reported below.
  }
  throw new Problem('unreadable_file', { file: 'package.json', reason: 'it is not a JSON object' });
}

// The inside of an object of the whole one: what stands between its braces.
function objectOf(text: string, name: string): { from: number; to: number } | null {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  let depth = 0;
  let from: number | null = null;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '{' || found === '[') depth++;
    else if (found === '}' || found === ']') {
      depth--;
      if (from !== null && depth === 1) return { from, to: match.index };
    } else if (depth === 1 && from === null && found === JSON.stringify(name)) {
      const value = /\s*:\s*\{/y;
      value.lastIndex = token.lastIndex;
      if (value.test(text)) from = value.lastIndex;
    }
  }
  return null;
}

function inserted(
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
  lines: readonly string[],
  { end, indent }: { readonly end: string; readonly indent: string },
): string {
  const inside = text.slice(from, to);
  const kept = inside.trimEnd();
  const closing = `${end}${indent.slice(0, indent.length / 2)}`;
  if (kept === '') {
    const outer = indent.length > 2 || indent === '\t\t' ? closing : end;
    const entries = lines.map((line) => indent + line).join(`,${end}`);
    return `${text.slice(0, from)}${end}${entries}${outer}${text.slice(to)}`;
  }
  const between = inside.includes('\n') ? `,${end}${indent}` : ', ';
  return text.slice(0, from) + [kept, ...lines].join(between) + inside.slice(kept.length) + text.slice(to);
}
