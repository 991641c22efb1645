// The versions of extensions that statements create or update.
import type { Node } from './statement.ts';
import { childOf, listTagged, namesOf } from './tree.ts';

/** One statement on an extension. */
export interface ExtensionVersion {
  readonly name: string;
  /** Null: the server's default. */
  readonly version: string | null;
  readonly action: 'create' | 'update' | 'drop';
  /** With IF NOT EXISTS. */
  readonly lenient: boolean;
}

/** The extensions whose versions a statement changes. */
export function readExtensionVersions(tag: string, node: Node): ExtensionVersion[] {
  if (tag === 'CreateExtensionStmt' || tag === 'AlterExtensionStmt') {
    const option = listTagged(node.options, 'DefElem').find(({ defname }) => defname === 'new_version');
    const version = option === undefined ? null : String(childOf(childOf(option, 'arg'), 'String').sval);
    const action = tag === 'CreateExtensionStmt' ? 'create' : 'update';
    return [{ name: String(node.extname), version, action, lenient: node.if_not_exists === true }];
  }
  if (tag !== 'DropStmt' || node.removeType !== 'OBJECT_EXTENSION') return [];
  return namesOf(node.objects).map((name) => ({ name, version: null, action: 'drop', lenient: false }));
}
