-- pgmage:allow deletes_data notes.draft: the drafts moved to another table
CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner_id bigint NOT NULL,
  body text NOT NULL
);
