// Types that an extension brings, recognised by the schema that the catalog has for it.
import type { Catalog } from '../../model/catalog.ts';
import { quote } from '../../model/quote.ts';

/**
 * True for the type that has the name of its extension, or an array of it: no other type can have that name
 * in the same schema.
 * @param type as format_type prints it
 */
export function isMemberType(type: string, extension: string, facts: Catalog['facts']): boolean {
  const element = type.endsWith('[]') ? type.slice(0, -2) : type;
  const schema = facts.get(`extension:${quote(extension)}`)?.payload.schema;
  return schema !== undefined && element === `${quote(String(schema))}.${quote(extension)}`;
}
