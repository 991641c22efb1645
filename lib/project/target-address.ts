// Addresses of targets, for people and for plans that know a target again.
import { quote } from '../model/quote.ts';
import { maskUrl } from '../problem/redact.ts';
import type { Project } from './project.ts';
import { shownPath } from './sql-files.ts';
import type { Target } from './world.ts';

/**
 * The address of a target for display: its URL without password and parameters, or the embedded database's
 * folder.
 */
export function describeAddress(project: Project, { url, schemas }: Target): string {
  if (url === null) return `embedded, ${shownPath(project.root, project.embedded)}`;
  const database = maskUrl(url).replace(/\?.*$/, '');
  return schemas === undefined ? database : `${database}, schema ${quote(schemas.actual)}`;
}

// The parameters that lead to another database (fe-connect.c: PQconninfoOptions).
const leading = new Set(['host', 'hostaddr', 'port', 'dbname', 'user', 'service']);

/** The address of a target, by which a plan knows it again: also what the parameters of its URL say of it. */
export function identifyAddress(project: Project, target: Target): string {
  const query = /\?(.*)$/s.exec(target.url ?? '')?.[1] ?? '';
  const said = [...new URLSearchParams(query)].filter(([name]) => leading.has(name));
  return describeAddress(project, target) + (said.length > 0 ? `?${new URLSearchParams(said)}` : '');
}

/** A target as reports name it. */
export interface NamedTarget {
  readonly name: string;
  /** Its URL without password and parameters, or where the embedded database is. */
  readonly address: string;
  readonly protected: boolean;
}

/** A target in reports. */
export function nameTarget(project: Project, target: Target): NamedTarget {
  return { name: target.name, address: describeAddress(project, target), protected: target.protected };
}
