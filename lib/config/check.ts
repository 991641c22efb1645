// Holds a configuration to its type at run time, because not every editor does.
import { layouts } from '../migration/layouts.ts';
import { hazards } from '../model/step.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import type { Config } from './config.ts';
import type { ServeConfig } from './serve.ts';

type Shape = (value: unknown) => string | null;
// A member that has no shape would be refused as unknown.
type Fields<T> = Readonly<Record<keyof T, Shape>>;

const text: Shape = (value) => (typeof value === 'string' && value !== '' ? null : 'must be a string');
const flag: Shape = (value) => (typeof value === 'boolean' ? null : 'must be true or false');
const count: Shape = (value) =>
  Number.isInteger(value) && (value as number) >= 0 ? null : 'must be a whole number, not below 0';
const call: Shape = (value) => (typeof value === 'function' ? null : 'must be a function');
const texts: Shape = (value) =>
  Array.isArray(value) && value.every((one) => text(one) === null) ? null : 'must be a list of strings';
const either = (...shapes: readonly Shape[]): Shape => {
  return (value) =>
    shapes.some((shape) => shape(value) === null) ? null : shapes.map((shape) => shape(value)).join(', or ');
};

const oneOf =
  (...words: readonly string[]): Shape =>
  (value) => {
    if (words.includes(value as string)) return null;
    const [close] = typeof value === 'string' ? findNearest(value, words) : [];
    const meant = close === undefined ? '' : `; did you mean ${close}?`;
    return `must be ${words.join(', ').replace(/, (?=[^,]*$)/, ' or ')}${meant}`;
  };

const place = object({
  url: text,
  variable: text,
  dotenv: either(text, texts),
  command: either(text, texts),
  railway: object({ service: text, environment: text, variable: text }),
  embedded: flag,
  protected: flag,
  each: text,
  databases: text,
  schemas: either(text, texts),
  except: either(text, texts),
  canary: text,
});
const environment: Shape = (value) => {
  const reason = place(value);
  if (reason !== null) return reason;
  const { each, databases, schemas, except, canary } = value as Readonly<Record<string, unknown>>;
  const lists = [each, databases, schemas].filter((one) => one !== undefined);
  if (lists.length > 1) return 'must have only one of each, databases and schemas';
  if (except !== undefined && (databases ?? schemas) === undefined)
    return 'must have except only with databases or schemas: a query leaves tenants out itself';
  if (lists.length === 1 || canary === undefined) return null;
  return 'must have canary only with each, databases or schemas';
};

const data = object({
  from: text,
  to: text,
  exclude: texts,
  keys: entries(texts),
  tables: entries(
    object({
      to: text,
      where: either(text, object({ from: text, to: text })),
      columns: entries(either(text, object({ from: text, ids: text }))),
      ids: either(
        object({ table: text, where: entries(text), old: text, new: text, gone: oneOf('keep', 'delete') }),
        object({ column: text }),
        object({ derive: oneOf('uuid_v5'), namespace: text }),
      ),
      since: either(oneOf('xmin'), object({ column: text })),
      full: count,
    }),
  ),
});

const serve = object({
  port: count,
  host: text,
  hosts: texts,
  queue: text,
  seal: text,
  data: text,
  backups: text,
  maxStorage: text,
  concurrency: count,
  waiting: count,
  jobMemory: count,
  features: (value) =>
    Array.isArray(value) && value.every((one) => ['import', 'clone', 'data'].includes(one))
      ? null
      : 'must be a list of import, clone and data',
  allowTargets: texts,
  // Its members depend on its task; the service checks them by the shapes of its requests.
  schedules: entries(entries(() => null)),
  notify: object({ webhook: text, email: object({ smtp: text, from: text, to: text }) }),
} satisfies Fields<ServeConfig>);

const level = oneOf('allow', 'warn', 'deny');

const size: Shape = (value) =>
  typeof value === 'string' && /^\d+(\.\d+)?\s*[kMGT]?B$/i.test(value)
    ? null
    : 'must be a size such as 100MB';

const sizedMembers = object({ over: size, level });
// Without a level it is refused above the size; without a size the level holds for every table.
const sizedLevel: Shape = (value) => {
  const { over, level: own } = value as Readonly<Record<string, unknown>>;
  return sizedMembers(value) ?? ((over ?? own) === undefined ? 'must have level or over' : null);
};

const pattern: Shape = (value) => {
  try {
    return text(value) ?? (new RegExp(value as string) && null);
  } catch {
    return 'must be a regular expression';
  }
};

const rule = object({ level, pattern, columns: texts, check: call });

const policy = object({
  ...Object.fromEntries(hazards.map((hazard): [string, Shape] => [hazard, orObject(level, sizedLevel)])),
  rules: entries((value) => (typeof value === 'function' ? null : orObject(level, rule)(value))),
  after: text,
});

const words: Shape = (value) =>
  texts(value) === null && (value as unknown[]).length > 0 ? null : 'must be a list of strings, not empty';
const schemaCommand = object({ command: words, timeout: count, watch: either(text, texts) });
// A list is not an object, so that the reason is about the right one of both.
const schemaSource: Shape = (value) => {
  if (typeof value !== 'object' || value === null) return text(value);
  const reason = schemaCommand(value);
  return reason === null && !('command' in value) ? 'must have a command' : reason;
};
const schema: Shape = (value) => {
  if (!Array.isArray(value)) return schemaSource(value);
  if (value.length === 0) return 'must have at least one source';
  return value.map(schemaSource).find((reason) => reason !== null) ?? null;
};

// These are of the server, of pgmage, or of the wanted schema itself.
const external: Shape = (value) => {
  const reason = entries(text)(value);
  if (reason !== null) return reason;
  const refused = /^(pg_.*|information_schema|public|pgmage(:.*)?|.*\*.*)$/;
  const name = Object.keys(value as object).find((one) => refused.test(one));
  return name === undefined ? null : `must not have ${name}: another program cannot manage it`;
};

const names = ['pgmage', ...Object.keys(layouts)];

const config = object({
  schema,
  migrations: text,
  layout: (value) => (names.includes(value as string) ? null : `must be one of ${names.join(', ')}`),
  environment: text,
  environments: entries((value) => (text(value) === null ? null : environment(value))),
  ignore: object({ schemas: texts, objects: texts }),
  external,
  masks: entries(text),
  data,
  policy,
  serve,
  queries: either(text, texts),
  afterSync: either(text, texts),
  online: flag,
  lockTimeout: count,
  stallTimeout: count,
  shadow: text,
  shadowSuperuser: flag,
  hooks: object({ before: call, after: call, failed: either(call, text, texts) }),
} satisfies Fields<Config>);

/**
 * Gives the value back as a configuration.
 * @throws Problem `bad_config` that names the field
 */
export function checkConfig(value: unknown, file: string): Config {
  const reason = config(value);
  if (reason !== null) throw new Problem('bad_config', { file, reason });
  return value as Config;
}

// Of an object, the field that is wrong is named.
function orObject(plain: Shape, members: Shape): Shape {
  return (value) =>
    (typeof value === 'object' && value !== null && !Array.isArray(value) ? members : plain)(value);
}

function object(fields: Readonly<Record<string, Shape>>): Shape {
  return entries((value, name) => {
    const shape = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (shape !== undefined) return shape(value);
    const known = Object.keys(fields);
    const [close] = findNearest(name, known);
    return `is unknown; ${close === undefined ? '' : `did you mean ${close}? `}known: ${known.join(', ')}`;
  });
}

// The path of nested fields is put together from the inside out: `environments` + `prod` + `url must be a
// text`.
function entries(check: (value: unknown, name: string) => string | null): Shape {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
    for (const [name, field] of Object.entries(value)) {
      const reason = field === undefined ? null : check(field, name);
      if (reason !== null) return /^(must|is) /.test(reason) ? `${name} ${reason}` : `${name}.${reason}`;
    }
    return null;
  };
}
