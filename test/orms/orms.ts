// The ORMs whose real commands print the schemas of examples, and how they are installed.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const start = promisify(execFile);

/** One ORM. */
export interface Orm {
  /** The folder below `examples`. */
  readonly example: string;
  /** The recorded output in that folder. */
  readonly recorded: string;
  /** The real command, in the place of the one that prints the recorded output. */
  readonly command: readonly string[];
  /** The file with the models, the text behind which a column is added, and that column. */
  readonly model: { readonly file: string; readonly after: string; readonly column: string };
  /** Installs it into a copy of the example. */
  install(root: string): Promise<unknown>;
}

/** Runs a program. Throws Error with what it printed. */
export async function runIn(
  root: string,
  [file = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await start(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
  });
  return stdout;
}

// No script of a package runs: nothing is downloaded from elsewhere.
const npm = (root: string, ...packages: readonly string[]) =>
  runIn(root, ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', ...packages]);

/** The ORMs of the examples, at the versions of the recorded outputs. */
export const orms: readonly Orm[] = [
  {
    example: 'prisma-schema',
    recorded: 'recorded/migrate-diff.sql',
    command: 'npx prisma migrate diff --from-empty --to-schema-datamodel prisma/schema.prisma --script'.split(
      ' ',
    ),
    model: { file: 'prisma/schema.prisma', after: '  cents     Int\n', column: '  note      String?\n' },
    install: (root) => npm(root, 'prisma@6.19.3', '@prisma/driver-adapter-utils@6.19.3'),
  },
  {
    example: 'drizzle',
    recorded: 'recorded/drizzle-kit-export.sql',
    command: 'npx drizzle-kit export --dialect postgresql --schema src/schema.ts'.split(' '),
    model: {
      file: 'src/schema.ts',
      after: '    cents: integer().notNull(),\n',
      column: '    note: text(),\n',
    },
    install: (root) => npm(root, 'drizzle-kit@0.31.11', 'drizzle-orm@0.45.4'),
  },
  {
    example: 'sqlalchemy',
    recorded: 'recorded/print-schema.sql',
    command: ['.venv/bin/python', 'print_schema.py'],
    model: { file: 'models.py', after: '    cents: Mapped[int]\n', column: '    note: Mapped[str | None]\n' },
    install: async (root) => {
      await runIn(root, ['python3', '-m', 'venv', '.venv']);
      await runIn(root, [join('.venv', 'bin', 'pip'), 'install', '--quiet', 'sqlalchemy==2.1.9']);
    },
  },
];
