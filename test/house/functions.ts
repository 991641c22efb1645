// The functions of the sources: how long they are, and what they take.
import type { Node } from '@babel/types';
import { nodes, type Source } from './sources.ts';

/** The functions of a file, with those inside of others. */
export function functionsIn(source: Source): Node[] {
  return nodes(source.tree)
    .map(({ node }) => node)
    .filter(({ type }) =>
      /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ObjectMethod|ClassMethod)$/.test(
        type,
      ),
    );
}

/** How many lines a node has. */
export function linesOf({ loc }: Node): number {
  return loc ? loc.end.line - loc.start.line + 1 : 0;
}

// Files with functions that are longer than the rule allows, or take more parameters. The list only gets
// shorter.
const exempt = new Set(['lib/data-sync/spool.ts', 'lib/flow/planned-terms.ts']);

/** The functions of a file that have over 40 lines or over 4 parameters. */
export function longFunctions(source: Source): string[] {
  if (exempt.has(source.path)) return [];
  return functionsIn(source).flatMap((node) => {
    const [lines, parameters] = [linesOf(node), 'params' in node ? node.params.length : 0];
    const line = node.loc?.start.line;
    return [
      ...(lines > 40 ? [`:${line} has ${lines} lines`] : []),
      ...(parameters > 4 ? [`:${line} takes ${parameters} parameters`] : []),
    ];
  });
}
