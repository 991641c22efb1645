// Lists under keys.

/**
 * Adds to the list under a key. Lists grow in place: those of a schema's dependents are as long as the
 * database.
 */
export function pushTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
