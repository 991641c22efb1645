create table public.notes (
  id bigint generated always as identity primary key,
  owner uuid not null references auth.users on delete cascade,
  body text not null
);

alter table public.notes enable row level security;

create policy "owners read their notes" on public.notes for select using (auth.uid() = owner);
