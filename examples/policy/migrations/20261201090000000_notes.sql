-- Up Migration

CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner_id bigint NOT NULL,
  body text NOT NULL,
  draft text
);

-- Down Migration

DROP TABLE notes;
