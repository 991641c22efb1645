// The Up and Down parts of a migration's text, by the rules of node-pg-migrate.

/** The two parts as ranges of the text, each without its marker's line. */
export interface Parts {
  /** The end of the header: nothing before it is run. */
  readonly head: number;
  readonly up: TextRange;
  /** null: there is no way back. */
  readonly down: TextRange | null;
  /**
   * It has a Down marker and no Up marker: node-pg-migrate would run all of it, the way back too, to go
   * forward.
   */
  readonly misleading: boolean;
}

/** A piece of a text. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

// Source: sqlMigration.ts of node-pg-migrate 9. A marker may reach over lines, as `--` and `up migration` on
// the next.
const upMarker = /^\s*--[\s-]*up\s+migration/im;
const downMarker = /^\s*--[\s-]*down\s+migration/im;

/** Finds the parts: from each marker to the other one or to the end. A text without markers leads forward. */
export function splitParts(text: string): Parts {
  const up = upMarker.exec(text);
  const down = downMarker.exec(text);
  const end = (own: RegExpExecArray, other: RegExpExecArray | null) =>
    other !== null && other.index > own.index ? other.index : text.length;
  const part = (own: RegExpExecArray, other: RegExpExecArray | null): TextRange => {
    const limit = end(own, other);
    // The rest of the marker's line belongs to its comment.
    const line = /[\r\n]/.exec(text.slice(own.index + own[0].length, limit));
    return { start: line === null ? limit : own.index + own[0].length + line.index, end: limit };
  };
  const starts = [up, down].flatMap((marker) => (marker === null ? [] : [marker.index]));
  return {
    head: starts.length === 0 ? 0 : Math.min(...starts),
    up: up === null ? { start: 0, end: text.length } : part(up, down),
    down: down === null ? null : part(down, up),
    misleading: up === null && down !== null,
  };
}

/** True if a text contains a line that would be read as a marker. */
export function holdsMarker(text: string): boolean {
  return upMarker.test(text) || downMarker.test(text);
}

// Of dbmate, goose, sql-migrate and tern.
const foreignDown = /^\s*--\s*(?:migrate:down|\+(?:goose|migrate)\s+down|--\s*create above)\b/im;

/** True if a file without markers of its own has a way back in the form of another tool. */
export function holdsForeignDown(name: string, text: string): boolean {
  return name.endsWith('.down') || foreignDown.test(text);
}

/** Blanks everything but one part, so that positions stay. */
export function keepRange(text: string, { start, end }: TextRange): string {
  const blank = (outside: string) => outside.replace(/[^\r\n]+/g, (line) => ' '.repeat(line.length));
  return blank(text.slice(0, start)) + text.slice(start, end) + blank(text.slice(end));
}
