// Supabase's own objects in every database: they are not part of a user's schema, but user schemas refer to
// them.
import type { Catalog } from '../model/catalog.ts';

/** Objects that every comparison with a Supabase database ignores. */
export const supabaseIgnore = {
  schemas: `auth storage realtime _realtime extensions graphql graphql_public vault pgbouncer pgsodium
      pgsodium_masks net cron supabase_functions supabase_migrations _analytics _supavisor pgtle`.split(
    /\s+/,
  ),
  objects: [
    'extension:pg_graphql',
    'extension:pg_net',
    'extension:pg_stat_statements',
    'extension:pgcrypto',
    'extension:pgjwt',
    'extension:pgsodium',
    'extension:supabase_vault',
    'extension:"uuid-ossp"',
    'publication:supabase_realtime',
    'event trigger:issue_*',
    'event trigger:pgrst_*',
    'default privilege:supabase_admin.*',
    'database setting:*',
  ],
};

/** True if a database is one of Supabase: only there its schemas belong to this role. */
export function isSupabase({ facts }: Catalog): boolean {
  return facts.get('owner:@schema:auth')?.payload.owner === 'supabase_admin';
}

/** As much of it as schemas refer to, to be loaded before them in the shadow. */
export const supabasePrelude = {
  file: 'the schemas of Supabase',
  text: `
create role anon; create role authenticated; create role service_role; create role supabase_admin;
create schema auth authorization supabase_admin;
create schema storage authorization supabase_admin;
create schema realtime authorization supabase_admin;
create schema vault authorization supabase_admin;
create schema extensions;
create schema graphql_public;
create extension pgcrypto schema extensions;
create extension "uuid-ossp" schema extensions;
create publication supabase_realtime;
create table auth.users (
  instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255), email varchar(255),
  encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb, raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz,
  updated_at timestamptz, phone text unique, phone_confirmed_at timestamptz, confirmed_at timestamptz,
  banned_until timestamptz, deleted_at timestamptz, is_sso_user boolean not null default false,
  is_anonymous boolean not null default false
);
create function auth.uid() returns uuid stable language sql as 'select null::uuid';
create function auth.role() returns text stable language sql as 'select null::text';
create function auth.email() returns text stable language sql as 'select null::text';
create function auth.jwt() returns jsonb stable language sql as 'select null::jsonb';
create table storage.buckets (
  id text primary key, name text not null unique, owner uuid, created_at timestamptz, updated_at timestamptz,
  public boolean default false, avif_autodetection boolean default false, file_size_limit bigint,
  allowed_mime_types text[], owner_id text
);
create table storage.objects (
  id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets, name text,
  owner uuid,
  created_at timestamptz, updated_at timestamptz, last_accessed_at timestamptz, metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored, version text, owner_id text,
  user_metadata jsonb
);
create function storage.foldername(name text) returns text[] language sql as 'select null::text[]';
create function storage.filename(name text) returns text language sql as 'select null::text';
create function storage.extension(name text) returns text language sql as 'select null::text';
`,
};
