// All kinds, in the order in which a person would write their objects down; an object's target comes before
// it.
import type { AnyKind, Kinds } from '../model/kind.ts';
import { defaultPrivilege } from './access/default-privileges.ts';
import { grant } from './access/grants.ts';
import { memberGrant } from './access/member-grants.ts';
import { owner } from './access/owners.ts';
import { policy } from './access/policies.ts';
import { securityLabel } from './access/security-labels.ts';
import { check } from './constraints/checks.ts';
import { foreignKey } from './constraints/foreign-keys.ts';
import { exclusion, primaryKey, unique } from './constraints/index-constraints.ts';
import { extension, extensionVersion } from './extensions/extensions.ts';
import { foreignDataWrapper } from './foreign-data/foreign-data-wrappers.ts';
import { foreignColumnOptions, foreignTable } from './foreign-data/foreign-tables.ts';
import { server } from './foreign-data/servers.ts';
import { userMapping } from './foreign-data/user-mappings.ts';
import { accessMethod } from './indexes/access-methods.ts';
import { indexAttachment } from './indexes/index-attachments.ts';
import { index } from './indexes/indexes.ts';
import { operatorClass } from './operators/operator-classes.ts';
import { operatorFamily, operatorFamilyMember } from './operators/operator-families.ts';
import { operator } from './operators/operators.ts';
import { publicationSchema, publicationTable } from './replication/publication-contents.ts';
import { publication } from './replication/publications.ts';
import { replicaIdentity } from './replication/replica-identities.ts';
import { subscription } from './replication/subscriptions.ts';
import { aggregate } from './routines/aggregates.ts';
import { eventTrigger } from './routines/event-triggers.ts';
import { sqlFunction } from './routines/functions.ts';
import { language } from './routines/languages.ts';
import { procedure } from './routines/procedures.ts';
import { comment } from './schemas/comments.ts';
import { databaseSetting } from './schemas/database-settings.ts';
import { schema } from './schemas/schemas.ts';
import { sequenceOwnership } from './sequences/sequence-ownerships.ts';
import { sequence } from './sequences/sequences.ts';
import { clustering } from './tables/cluster-on.ts';
import { column } from './tables/columns.ts';
import { columnDefault } from './tables/defaults.ts';
import { identity } from './tables/identities.ts';
import { inheritance } from './tables/inheritances.ts';
import { notNull } from './tables/not-nulls.ts';
import { partitionAttachment } from './tables/partition-attachments.ts';
import { rule } from './tables/rules.ts';
import { statistics } from './tables/statistics.ts';
import { table } from './tables/tables.ts';
import { trigger, triggerState } from './tables/triggers.ts';
import { typedTable } from './tables/typed-tables.ts';
import { textSearchConfiguration, textSearchMapping } from './text-search/text-search-configurations.ts';
import { textSearchDictionary } from './text-search/text-search-dictionaries.ts';
import { textSearchParser } from './text-search/text-search-parsers.ts';
import { textSearchTemplate } from './text-search/text-search-templates.ts';
import { attribute } from './types/attributes.ts';
import { baseType } from './types/base-types.ts';
import { cast } from './types/casts.ts';
import { collation } from './types/collations.ts';
import { compositeType } from './types/composite-types.ts';
import { encodingConversion } from './types/conversions.ts';
import { domainCheck, domainNotNull } from './types/domain-constraints.ts';
import { domainDefault } from './types/domain-defaults.ts';
import { domain } from './types/domains.ts';
import { enumType } from './types/enums.ts';
import { rangeType } from './types/range-types.ts';
import { shellType } from './types/shell-types.ts';
import { transform } from './types/transforms.ts';
import { materializedViewColumn } from './views/materialized-view-columns.ts';
import { materializedView } from './views/materialized-views.ts';
import { population } from './views/refresh.ts';
import { viewDefault } from './views/view-defaults.ts';
import { view, viewColumn } from './views/views.ts';

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
  // The functions that its query calls exist by now, and each object still belongs to its creator.
  population,
  eventTrigger,
  defaultPrivilege,
  owner,
  grant,
  memberGrant,
  comment,
  securityLabel,
  databaseSetting,
];

/** Every object kind that pgmage manages, by name. */
export const kinds: Kinds = new Map(list.map((kind) => [kind.name, kind]));

/** The kinds of what a copy or a restore replaces: without those of the database itself (`ofDatabase`). */
export const copiedKinds: Kinds = new Map([...kinds].filter(([, kind]) => !kind.data?.ofDatabase));
