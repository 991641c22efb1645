// Rules over ALTER TABLE: locks, failures on existing rows, rewrites, programs that break.

import { quote } from '../model/quote.ts';
import type { Hazard } from '../model/step.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, namesOf, someNode, typeOf } from '../sql/tree.ts';
import {
  type FileScope,
  isInTransaction,
  listCommands,
  listConstraints,
  type StatementFault,
  type StatementRule,
  sortOf,
  type TableCommand,
} from './statement.ts';

type CommandFault = string | Omit<StatementFault, 'object'> | undefined;

// A rule over the subcommands on tables that the file did not create.
function overCommands(
  rule: Omit<StatementRule, 'find' | 'files'>,
  judge: (command: TableCommand, scope: FileScope, all: readonly TableCommand[]) => CommandFault,
): StatementRule {
  return {
    ...rule,
    files: 'migration',
    find: (statement, scope) =>
      listCommands(statement, scope)
        .filter(({ isNew }) => !isNew)
        .flatMap((command, _, all) => {
          const fault = judge(command, scope, all);
          if (fault === undefined) return [];
          const index =
            command.def.location === undefined ? statement.index : statement.at(command.def.location);
          const column = columnOf(command);
          const object = column === null ? command.table : `${command.table}.${quote(column)}`;
          return [{ index, object, ...(typeof fault === 'string' ? { message: fault } : fault) }];
        }),
  };
}

function columnOf({ is, node, def }: TableCommand): string | null {
  if (is === 'AddColumn') return String(def.colname);
  return /Column|NotNull/.test(is) ? String(node.name) : null;
}

const locking: readonly Hazard[] = ['blocks_reads', 'blocks_writes'];
const rewriting: readonly Hazard[] = ['rewrites_table', ...locking];

/** The types that make a sequence. */
export const serialTypes: ReadonlySet<string> = new Set(
  'serial bigserial smallserial serial2 serial4 serial8'.split(' '),
);

// SHARE ROW EXCLUSIVE (manual: ALTER TABLE, ADD table_constraint).
const referring = {
  message: 'The foreign key reads all rows under a lock that blocks writes to both tables',
  hazards: ['blocks_writes', 'may_fail_on_existing_rows'],
} as const;

const notValid = overCommands(
  {
    name: 'constraint_not_valid',
    level: 'deny',
    hazards: [...locking, 'may_fail_on_existing_rows'],
    flags: 'a foreign key or CHECK that is added without NOT VALID, or validated in the same transaction',
    hint: 'Add it with NOT VALID, commit, then run VALIDATE CONSTRAINT in a transaction of its own.',
  },
  ({ is, node, def, table }, scope, others) => {
    const isAdded = is === 'AddConstraint' && /^(CHECK|FOREIGN)$/.test(sortOf(def));
    if (isAdded && def.skip_validation !== true && def.is_enforced !== false)
      return sortOf(def) === 'CHECK'
        ? 'The CHECK reads all rows under a lock that blocks reads and writes'
        : referring;
    const name = `${table}.${quote(String(node.name))}`;
    const isSameStatement = others.some(
      (one) => one.is === 'AddConstraint' && one.def.conname === node.name && node.name !== undefined,
    );
    const isTogether = isSameStatement || (scope.unvalidated.has(name) && isInTransaction(scope));
    if (is === 'ValidateConstraint' && isTogether)
      return 'The validation runs in the transaction that added the constraint, which keeps its lock';
    const added = is === 'AddColumn' && listConstraints(def).find(([sort]) => /^(CHECK|FOREIGN)$/.test(sort));
    return added
      ? 'The constraint of the new column reads all rows under a lock that blocks reads and writes'
      : undefined;
  },
);

const usingIndex = overCommands(
  {
    name: 'unique_using_index',
    level: 'deny',
    hazards: [...locking, 'may_fail_on_existing_rows'],
    flags: 'a unique constraint or primary key that is added to a table without USING INDEX',
    hint: 'Create a unique index CONCURRENTLY first, then add the constraint with USING INDEX.',
  },
  ({ is, def }) => {
    const isKey = (sort: string) => /^(UNIQUE|PRIMARY)$/.test(sort);
    const adds =
      (is === 'AddConstraint' && isKey(sortOf(def)) && def.indexname === undefined) ||
      (is === 'AddColumn' && listConstraints(def).some(([sort]) => isKey(sort)));
    return adds ? 'The index is built under a lock that blocks reads and writes' : undefined;
  },
);

const exclusion = overCommands(
  {
    name: 'exclusion_constraint',
    level: 'deny',
    hazards: [...locking, 'may_fail_on_existing_rows'],
    flags: 'an exclusion constraint that is added to a table',
    hint: 'It has no NOT VALID: create it with its table, or copy the rows into a new table.',
  },
  ({ is, def }) =>
    is === 'AddConstraint' && sortOf(def) === 'EXCLUSION'
      ? 'The index is built under a lock that blocks reads and writes'
      : undefined,
);

// Functions of the server that give the same value for all rows of a statement (manual: Function Volatility).
const stable = new Set(
  `now transaction_timestamp statement_timestamp current_setting current_schema current_database to_char
   to_date to_timestamp to_number date_trunc date_part age lower upper concat format md5 coalesce
   jsonb_build_object jsonb_build_array json_build_object json_build_array to_json to_jsonb make_interval
   make_date make_timestamptz timezone abs round length array_fill int4range int8range numrange tsrange
   tstzrange daterange`.split(/\s+/),
);

const isVolatile = (tag: string, node: Node) =>
  tag === 'FuncCall' && !stable.has(namesOf(node.funcname).at(-1) ?? '');

// A column becomes a generated one only when it is made.
const computedHint =
  'Compute the value in queries or in a view, or fill a plain column in batches and by a trigger.' +
  ' For a small table, allow it by a comment: -- pgmage:allow volatile_default.';

const volatileDefault = overCommands(
  {
    name: 'volatile_default',
    level: 'deny',
    hazards: rewriting,
    flags: 'a new column with a value of its own for each row: volatile default, generated, identity, serial',
    hint: 'Add the column without a default, set the default for new rows, and fill old rows in batches.',
  },
  ({ is, def }) => {
    if (is !== 'AddColumn') return undefined;
    const each = 'so the server writes the whole table again';
    if (serialTypes.has(typeOf(def).name)) return `Each row gets a number of a sequence, ${each}`;
    for (const [sort, node] of listConstraints(def)) {
      if (sort === 'IDENTITY') return `Each row gets a number of a sequence, ${each}`;
      if (sort === 'GENERATED' && node.generated_kind !== 'v')
        return { message: `The value of each row is computed, ${each}`, hint: computedHint };
      if (sort === 'DEFAULT' && someNode(node.raw_expr, isVolatile))
        return `The default may differ for each row, ${each}`;
    }
    return undefined;
  },
);

const requiredColumn = overCommands(
  {
    name: 'required_column',
    level: 'deny',
    hazards: ['fails_on_existing_rows'],
    flags: 'a new column that is NOT NULL and has no default',
    hint: 'Give it a default, or add it without NOT NULL, fill it, and set NOT NULL later.',
  },
  ({ is, def }) => {
    if (is !== 'AddColumn' || serialTypes.has(typeOf(def).name)) return undefined;
    const sorts = listConstraints(def).map(([sort]) => sort);
    const isFilled = sorts.some((sort) => /^(DEFAULT|GENERATED|IDENTITY)$/.test(sort));
    const isRequired = sorts.some((sort) => /^(NOTNULL|PRIMARY)$/.test(sort));
    return isRequired && !isFilled ? 'Existing rows have no value for it, so the statement fails' : undefined;
  },
);

const notNullValidated = overCommands(
  {
    name: 'not_null_validated',
    level: 'deny',
    hazards: [...locking, 'may_fail_on_existing_rows'],
    flags: 'SET NOT NULL without a validated check that the column is not null',
    hint: 'Add CHECK (column IS NOT NULL) NOT VALID, validate it, then set NOT NULL and drop the check.',
  },
  ({ is, node, def, table }, { notNullChecks }) => {
    const isConstraint = is === 'AddConstraint' && sortOf(def) === 'NOTNULL';
    if (isConstraint && def.skip_validation !== true)
      return 'The server reads all rows under a lock that blocks reads and writes: add it with NOT VALID';
    if (is !== 'SetNotNull') return undefined;
    const isChecked = [...notNullChecks].some(
      ([name, { column, valid }]) => valid && column === node.name && name.startsWith(`${table}.`),
    );
    return isChecked ? undefined : 'The server reads all rows under a lock that blocks reads and writes';
  },
);

const columnType = overCommands(
  {
    name: 'column_type',
    level: 'deny',
    hazards: rewriting,
    flags: 'a change of a column’s type',
    hint: 'Add a column of the new type, fill it in batches, and switch the programs to it.',
  },
  ({ is }) =>
    is === 'AlterColumnType' ? 'Most changes of a type write the whole table again under a lock' : undefined,
);

const rewritingCommands = /^(SetLogged|SetUnLogged|SetTableSpace|SetAccessMethod|SetExpression)$/;

const storage = overCommands(
  {
    name: 'table_storage',
    level: 'deny',
    hazards: rewriting,
    flags: 'SET LOGGED, UNLOGGED, TABLESPACE, ACCESS METHOD and EXPRESSION, which write the table again',
    hint: 'Create a new table as it is wanted, fill it in batches, and switch the programs to it.',
  },
  ({ is }) => (rewritingCommands.test(is) ? rewrites : undefined),
);

const tableStorage: StatementRule = {
  ...storage,
  find: (statement, scope) =>
    statement.tag === 'AlterTableMoveAllStmt'
      ? [{ object: null, message: 'All tables of the tablespace are written again' }]
      : storage.find(statement, scope),
};

const rewrites = 'The server writes the whole table again under a lock that blocks reads and writes';

const dropColumn = overCommands(
  {
    name: 'drop_column',
    level: 'deny',
    hazards: ['deletes_data', 'breaks_clients'],
    flags: 'DROP COLUMN',
    hint:
      'Remove the column from all programs first. Then allow it by a comment: -- pgmage:allow drop_column' +
      ' TABLE.COLUMN in the schema, or above the statement in a draft.',
  },
  ({ is }) => (is === 'DropColumn' ? 'The values of the column are deleted' : undefined),
);

const dropNotNull = overCommands(
  {
    name: 'drop_not_null',
    level: 'warn',
    hazards: ['breaks_clients'],
    flags: 'DROP NOT NULL',
    hint: 'Check that every program that reads the column accepts NULL.',
  },
  ({ is }) => (is === 'DropNotNull' ? 'Programs that read the column may not expect NULL' : undefined),
);

const detach = overCommands(
  {
    name: 'concurrent_detach',
    level: 'deny',
    hazards: locking,
    flags: 'DETACH PARTITION without CONCURRENTLY',
    hint: 'Write DETACH PARTITION … CONCURRENTLY, outside of a transaction.',
  },
  ({ is, def }) =>
    is === 'DetachPartition' && def.concurrent !== true && childOf(def, 'name').relname !== undefined
      ? 'It blocks reads and writes of the partitioned table'
      : undefined,
);

/** The rules over ALTER TABLE. */
export const tableRules: readonly StatementRule[] = [
  notValid,
  usingIndex,
  exclusion,
  volatileDefault,
  requiredColumn,
  notNullValidated,
  columnType,
  tableStorage,
  dropColumn,
  dropNotNull,
  detach,
];
