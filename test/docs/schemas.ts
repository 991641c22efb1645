// The schemas of what --json prints, made from the types of the reports.
import type * as Ast from '@babel/types';
import { readDoc } from '../../lib/runner/comment.ts';
import { sources } from '../house/sources.ts';

/** A schema as https://json-schema.org describes it. */
export type Schema = { readonly [key: string]: unknown };

type Declared = Ast.TSInterfaceDeclaration | Ast.TSTypeAliasDeclaration;

/** The type of each task's report. */
export const reports: Readonly<Record<string, string>> = {
  init: 'InitReport',
  'db:status': 'StatusReport',
  'db:diff': 'DifferenceReport',
  'db:generate': 'GenerateReport',
  'db:sync': 'SyncReport',
  'db:push': 'PushReport',
  'db:watch': 'WatchReport',
  'db:lint': 'LintReport',
  'db:plan': 'PlanReport',
  'db:rollback': 'RollbackReport',
  'db:verify': 'VerifyReport',
  'db:verify --repair': 'RepairReport',
  'db:history': 'HistoryReport',
  'db:status (tenants)': 'TenantsStatusReport',
  'db:sync (tenants)': 'TenantsSyncReport',
  'db:rollback (tenants)': 'TenantsRollbackReport',
  'db:verify (tenants)': 'TenantsVerifyReport',
  'db:history (tenants)': 'TenantsHistoryReport',
  'db:pull': 'PullReport',
  'db:pull --drift': 'DriftReport',
  'db:types': 'TypesReport',
  'db:docs': 'DocsReport',
  'db:clone': 'CloneReport',
  'db:clone --drop-old': 'DropReport',
  'db:backup': 'BackupReport',
  'db:backups': 'BackupsReport',
  'db:backups prune': 'PruneReport',
  'db:restore': 'RestoreReport',
  'data:diff': 'DataDiffReport',
  'data:verify': 'DataVerifyReport',
  'data:sync': 'DataSyncReport',
  'data:history': 'DataHistoryReport',
  'data:undo': 'DataUndoReport',
  'data:analyze': 'DataAnalyzeReport',
};

/** The text of the file with all schemas: one definition on each line, so that a change is one line. */
export function schemaFile(): string {
  const { $defs, ...head } = jsonSchema() as { $defs: Record<string, Schema> };
  const lines = Object.entries($defs).map(([name, schema]) => `    "${name}": ${JSON.stringify(schema)}`);
  return `${JSON.stringify(head).slice(0, -1)},\n"$defs": {\n${lines.join(',\n')}\n}}\n`;
}

/** One schema with a definition for each report and for each type that it uses. */
export function jsonSchema(): Schema {
  const types = new Types();
  for (const name of Object.values(reports)) types.define(name);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What pgmage prints with --json',
    $defs: Object.fromEntries([...types.defined].sort(([left], [right]) => (left < right ? -1 : 1))),
  };
}

class Types {
  readonly defined = new Map<string, Schema>();
  readonly #declared = new Map<string, Declared>();
  /** The parameters of the generic types that are being read, with what stands for them. */
  readonly #parameters = new Map<string, Ast.TSType | null>();

  constructor() {
    for (const { tree } of sources('lib'))
      for (const statement of tree.program.body) {
        const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
        if (inner?.type !== 'TSInterfaceDeclaration' && inner?.type !== 'TSTypeAliasDeclaration') continue;
        // The comment of an exported type stands before `export`.
        inner.leadingComments ??= statement.leadingComments ?? null;
        if (statement !== inner || !this.#declared.has(inner.id.name))
          this.#declared.set(inner.id.name, inner);
      }
  }

  /** Defines a named type, and gives a reference to it. */
  define(name: string): Schema {
    const declared = this.#declared.get(name);
    if (declared === undefined) throw new Error(`no type ${name}`);
    if (!this.defined.has(name)) {
      this.defined.set(name, {});
      for (const parameter of declared.typeParameters?.params ?? [])
        this.#parameters.set(nameOf(parameter), parameter.default ?? parameter.constraint ?? null);
      const schema =
        declared.type === 'TSInterfaceDeclaration'
          ? this.#interface(declared)
          : this.#of(declared.typeAnnotation);
      this.defined.set(name, described(declared, schema));
    }
    return { $ref: `#/$defs/${name}` };
  }

  #interface(declared: Ast.TSInterfaceDeclaration): Schema {
    const parents = (declared.extends ?? []).map(({ expression }) =>
      this.define((expression as Ast.Identifier).name),
    );
    const own = this.#object(declared.body.body);
    return parents.length === 0 ? own : { allOf: [...parents, own] };
  }

  #object(members: readonly Ast.TSTypeElement[]): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const member of members) {
      if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier') continue;
      if (member.typeAnnotation == null) continue;
      properties[member.key.name] = described(member, this.#of(member.typeAnnotation.typeAnnotation));
      if (!member.optional) required.push(member.key.name);
    }
    return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
  }

  #of(type: Ast.TSType): Schema {
    switch (type.type) {
      case 'TSStringKeyword':
        return { type: 'string' };
      case 'TSNumberKeyword':
        return { type: 'number' };
      case 'TSBooleanKeyword':
        return { type: 'boolean' };
      case 'TSNullKeyword':
        return { type: 'null' };
      case 'TSLiteralType':
        return { const: 'value' in type.literal ? type.literal.value : null };
      case 'TSTypeOperator':
        return type.operator === 'keyof' ? { type: 'string' } : this.#of(type.typeAnnotation);
      case 'TSParenthesizedType':
        return this.#of(type.typeAnnotation);
      case 'TSArrayType':
        return { type: 'array', items: this.#of(type.elementType) };
      case 'TSTupleType':
        return tuple(type.elementTypes);
      case 'TSTypeLiteral':
        return this.#object(type.members);
      case 'TSIntersectionType':
        return { allOf: type.types.map((part) => this.#of(part)) };
      case 'TSUnionType':
        return union(type.types.map((part) => this.#of(part)));
      case 'TSTypeReference':
        return this.#reference(type);
      default:
        return {};
    }
  }

  #record(key: Ast.TSType, value: Schema): Schema {
    const keys = this.#of(key);
    const named = typeof keys.$ref === 'string' ? this.defined.get(keys.$ref.slice('#/$defs/'.length)) : keys;
    const names = (named?.enum ?? []) as string[];
    if (names.length === 0) return { type: 'object', additionalProperties: value };
    const properties = Object.fromEntries(names.map((name) => [name, value]));
    return { type: 'object', properties, required: names };
  }

  #reference({ typeName, typeParameters }: Ast.TSTypeReference): Schema {
    const name = typeName.type === 'Identifier' ? typeName.name : '';
    const parameter = this.#parameters.get(name);
    if (parameter !== undefined) return parameter === null ? {} : this.#of(parameter);
    const [first, second] = typeParameters?.params ?? [];
    if (name === 'Readonly' && first) return this.#of(first);
    if (name === 'Record' && first && second) return this.#record(first, this.#of(second));
    if (/^(Readonly)?Array$/.test(name) && first) return { type: 'array', items: this.#of(first) };
    if (/^(Readonly)?Map$/.test(name) || first !== undefined || !this.#declared.has(name)) return {};
    return this.define(name);
  }
}

// Babel 7 keeps the name of a parameter as text.
function nameOf({ name }: Ast.TSTypeParameter): string {
  return name;
}

// `[string, ...string[]]` has no last item.
function tuple(elements: readonly (Ast.TSType | Ast.TSNamedTupleMember)[]): Schema {
  const isOpen = elements.some(({ type }) => type === 'TSRestType');
  return isOpen
    ? { type: 'array', minItems: elements.length - 1 }
    : { type: 'array', minItems: elements.length, maxItems: elements.length };
}

function union(parts: readonly Schema[]): Schema {
  const constants = parts.map((part) => part.const);
  if (constants.every((value) => value !== undefined)) return { enum: constants };
  return { anyOf: parts };
}

function described(node: Ast.Node, schema: Schema): Schema {
  const text = readDoc(node).replaceAll(/\s+/g, ' ');
  return text === '' ? schema : { description: text, ...schema };
}

/** The table of reports, and the members of each. */
export function schemasText(): string {
  const { $defs } = jsonSchema() as { $defs: Record<string, Schema> };
  const sections = Object.entries(reports).map(([task, type]) => {
    const rows = membersOf(type, $defs).map(
      ([name, schema]) =>
        `| \`${name}\` | ${shortType(schema)} | ${cell(String(schema.description ?? ''))} |`,
    );
    return [`### ${task}`, '', `Type \`${type}\`.`, '', '| member | type | |', '|---|---|---|', ...rows].join(
      '\n',
    );
  });
  return sections.join('\n\n');
}

function membersOf(type: string, defs: Readonly<Record<string, Schema>>): [string, Schema][] {
  const schema = defs[type] ?? {};
  const parts = [schema, ...((schema.allOf ?? []) as Schema[])];
  return parts.flatMap((part) => [
    ...(typeof part.$ref === 'string' ? membersOf(part.$ref.slice('#/$defs/'.length), defs) : []),
    ...Object.entries((part.properties ?? {}) as Record<string, Schema>),
  ]);
}

function shortType(schema: Schema): string {
  if (typeof schema.$ref === 'string') return `\`${schema.$ref.slice('#/$defs/'.length)}\``;
  if (schema.type === 'array') return `list of ${shortType(schema.items as Schema)}`;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as Schema[]).map(shortType).join(' or ');
  if (Array.isArray(schema.allOf)) return 'object';
  if (schema.const !== undefined) return `\`${schema.const}\``;
  return String(schema.type ?? 'any');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/<(?=\w)/g, '\\<');
}
