// All kinds, in the order in which a person would write their objects down; an object's target comes before it.
import type { Kinds } from '../model/diff.ts';
import type { AnyKind } from '../model/kind.ts';
import { accessMethod } from './access-methods.ts';
import { aggregate } from './aggregates.ts';
import { attribute } from './attributes.ts';
import { baseType } from './base-types.ts';
import { cast } from './casts.ts';
import { check } from './checks.ts';
import { clustering } from './clusterings.ts';
import { collation } from './collations.ts';
import { column } from './columns.ts';
import { comment } from './comments.ts';
import { compositeType } from './composite-types.ts';
import { encodingConversion } from './conversions.ts';
import { defaultPrivilege } from './default-privileges.ts';
import { columnDefault } from './defaults.ts';
import { domainCheck, domainNotNull } from './domain-constraints.ts';
import { domainDefault } from './domain-defaults.ts';
import { domain } from './domains.ts';
import { enumType } from './enums.ts';
import { eventTrigger } from './event-triggers.ts';
import { extension, extensionVersion } from './extensions.ts';
import { foreignDataWrapper } from './foreign-data-wrappers.ts';
import { foreignKey } from './foreign-keys.ts';
import { foreignColumnOptions, foreignTable } from './foreign-tables.ts';
import { sqlFunction } from './functions.ts';
import { grant } from './grants.ts';
import { identity } from './identities.ts';
import { indexAttachment } from './index-attachments.ts';
import { exclusion, primaryKey, unique } from './index-constraints.ts';
import { index } from './indexes.ts';
import { inheritance } from './inheritances.ts';
import { language } from './languages.ts';
import { materializedViewColumn } from './materialized-view-columns.ts';
import { materializedView } from './materialized-views.ts';
import { memberGrant } from './member-grants.ts';
import { notNull } from './not-nulls.ts';
import { operatorClass } from './operator-classes.ts';
import { operatorFamily, operatorFamilyMember } from './operator-families.ts';
import { operator } from './operators.ts';
import { owner } from './owners.ts';
import { partitionAttachment } from './partition-attachments.ts';
import { policy } from './policies.ts';
import { population } from './populations.ts';
import { procedure } from './procedures.ts';
import { publicationSchema, publicationTable } from './publication-contents.ts';
import { publication } from './publications.ts';
import { rangeType } from './range-types.ts';
import { replicaIdentity } from './replica-identities.ts';
import { rule } from './rules.ts';
import { schema } from './schemas.ts';
import { securityLabel } from './security-labels.ts';
import { sequenceOwnership } from './sequence-ownerships.ts';
import { sequence } from './sequences.ts';
import { server } from './servers.ts';
import { shellType } from './shell-types.ts';
import { statistics } from './statistics.ts';
import { subscription } from './subscriptions.ts';
import { table } from './tables.ts';
import { textSearchConfiguration, textSearchMapping } from './text-search-configurations.ts';
import { textSearchDictionary } from './text-search-dictionaries.ts';
import { textSearchParser } from './text-search-parsers.ts';
import { textSearchTemplate } from './text-search-templates.ts';
import { transform } from './transforms.ts';
import { trigger, triggerState } from './triggers.ts';
import { typedTable } from './typed-tables.ts';
import { userMapping } from './user-mappings.ts';
import { viewDefault } from './view-defaults.ts';
import { view, viewColumn } from './views.ts';

const list: readonly AnyKind[] = [
  schema,
  extension,
  extensionVersion,
  language,
  accessMethod,
  collation,
  shellType,
  enumType,
  compositeType,
  attribute,
  domain,
  domainDefault,
  domainNotNull,
  domainCheck,
  rangeType,
  sequence,
  sqlFunction,
  procedure,
  aggregate,
  baseType,
  operator,
  operatorFamily,
  operatorFamilyMember,
  operatorClass,
  cast,
  transform,
  encodingConversion,
  textSearchParser,
  textSearchTemplate,
  textSearchDictionary,
  textSearchConfiguration,
  textSearchMapping,
  foreignDataWrapper,
  server,
  userMapping,
  table,
  foreignTable,
  inheritance,
  column,
  foreignColumnOptions,
  typedTable,
  columnDefault,
  sequenceOwnership,
  notNull,
  identity,
  partitionAttachment,
  primaryKey,
  unique,
  exclusion,
  check,
  foreignKey,
  view,
  viewColumn,
  viewDefault,
  materializedView,
  materializedViewColumn,
  index,
  indexAttachment,
  clustering,
  replicaIdentity,
  statistics,
  rule,
  trigger,
  triggerState,
  policy,
  publication,
  publicationTable,
  publicationSchema,
  subscription,
  // What its query reaches through function bodies is there by now, and everything is still its maker's.
  population,
  eventTrigger,
  defaultPrivilege,
  owner,
  grant,
  memberGrant,
  comment,
  securityLabel,
];

/** Every object kind that pgmage manages, by name. */
export const kinds: Kinds = new Map(list.map((kind) => [kind.name, kind]));
