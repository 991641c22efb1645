// Reads the tasks of a file from its text: names, doc comments, and options from the TypeScript signatures.
import type * as Ast from '@babel/types';
import { Problem } from '../problem/problem.ts';
import { readDoc, readFirstSentence, readParameterDocs } from './comment.ts';
import type { Task, TaskParameter } from './task.ts';
import { Types } from './type-reader.ts';

type Callable = Ast.FunctionDeclaration | Ast.FunctionExpression | Ast.ArrowFunctionExpression;

/** A function of the file, with the node that carries its doc comment. */
interface Declared {
  readonly callable: Callable;
  readonly documented: Ast.Node;
}

/**
 * The tasks that a file exports, in the file's order.
 * @param file its path as it is shown, e.g. `tasks/db.ts`
 * @throws Problem `bad_task_file` for a syntax error, or a type that no command line can express
 */
export async function readTasks(file: string, text: string): Promise<Task[]> {
  const { parse } = await import('@babel/parser');
  let body: Ast.Statement[];
  try {
    body = parse(text, { sourceType: 'module', plugins: ['typescript', 'explicitResourceManagement'] })
      .program.body as Ast.Statement[];
  } catch (error) {
    const { loc, message } = error as Error & { loc?: { line: number; column: number } };
    if (loc === undefined) throw error;
    const where = {
      file,
      line: loc.line,
      column: loc.column + 1,
      text: text.split('\n')[loc.line - 1] ?? '',
    };
    throw new Problem('bad_task_file', { file, reason: message.replace(/\s*\(\d+:\d+\)$/, '') }, { where });
  }
  const types = new Types(file, text, body);
  const declared = declarations(body);
  const base = file.replace(/^.*[\\/]/, '');
  // Tasks of one group can be in several files: db.ts, db.data.ts.
  const stem = base.replace(/\..*$/, '');
  return exportsOf(body, declared).map(([name, { callable, documented }]) => {
    const description = readDoc(documented);
    return {
      name: name === 'default' ? stem : `${stem}:${name}`,
      file: base,
      export: name,
      summary: readFirstSentence(description),
      description: description.replace(/(^|\n)\s*@[\s\S]*$/, '').trim(),
      ...parametersOf(callable, readParameterDocs(description), types),
    };
  });
}

function declarations(body: readonly Ast.Statement[]): Map<string, Declared> {
  const found = new Map<string, Declared>();
  for (const statement of body) {
    const inner =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? statement.declaration
        : statement;
    if (inner?.type === 'FunctionDeclaration')
      found.set(inner.id?.name ?? 'default', { callable: inner, documented: statement });
    if (inner?.type === 'ArrowFunctionExpression')
      found.set('default', { callable: inner, documented: statement });
    if (inner?.type !== 'VariableDeclaration') continue;
    for (const { id, init } of inner.declarations)
      if (
        id.type === 'Identifier' &&
        (init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression')
      )
        found.set(id.name, { callable: init, documented: statement });
  }
  return found;
}

function exportsOf(body: readonly Ast.Statement[], declared: Map<string, Declared>): [string, Declared][] {
  const found: [string, Declared][] = [];
  const add = (name: string, local: string) => {
    const target = declared.get(local);
    if (target !== undefined) found.push([name, target]);
  };
  for (const statement of body) {
    if (statement.type === 'ExportDefaultDeclaration') {
      const { declaration } = statement;
      if (declaration.type === 'FunctionDeclaration') add('default', declaration.id?.name ?? 'default');
      else add('default', declaration.type === 'Identifier' ? declaration.name : 'default');
    }
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const inner = statement.declaration;
    if (inner?.type === 'FunctionDeclaration' && inner.id) add(inner.id.name, inner.id.name);
    if (inner?.type === 'VariableDeclaration')
      for (const { id } of inner.declarations) if (id.type === 'Identifier') add(id.name, id.name);
    if (statement.source) continue;
    for (const specifier of statement.specifiers) {
      if (specifier.type !== 'ExportSpecifier') continue;
      const { exported } = specifier;
      add(exported.type === 'Identifier' ? exported.name : exported.value, specifier.local.name);
    }
  }
  return found;
}

// The first parameter is the context; an object at the end holds the options; what stands between is
// positional.
function parametersOf(
  callable: Callable,
  docs: ReadonlyMap<string, string>,
  types: Types,
): Pick<Task, 'positionals' | 'options' | 'takesOptions'> {
  const rest = callable.params.slice(1);
  const last = rest.at(-1);
  const options = last === undefined ? null : types.options(last);
  const positionals = (options === null ? rest : rest.slice(0, -1)).map((parameter): TaskParameter => {
    const { name, value, required } = types.parameter(parameter);
    return { name, value, required, help: docs.get(name) ?? '' };
  });
  return { positionals, options: options ?? [], takesOptions: options !== null };
}
