-- A fantasy league, as an example. Change something here and run `npm run db:status`.

CREATE TYPE league_status AS ENUM ('draft', 'running', 'finished');

CREATE DOMAIN discord_id AS text CHECK (VALUE ~ '^[0-9]{17,20}$');

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    email text NOT NULL,
    discord_id discord_id,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX idx_users_email ON users (lower(email));
CREATE INDEX idx_users_discord_id ON users (discord_id);

COMMENT ON TABLE users IS 'Everybody who has ever joined a league';
COMMENT ON COLUMN users.discord_id IS 'Snowflake of their Discord account, where they have linked one';

CREATE TABLE leagues (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    owner_id bigint NOT NULL REFERENCES users,
    status league_status NOT NULL DEFAULT 'draft',
    season int NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE teams (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    league_id bigint NOT NULL REFERENCES leagues ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users,
    name text NOT NULL,
    CONSTRAINT one_team_per_league UNIQUE (league_id, user_id)
);

-- One partition per season: old seasons are read seldom and can be detached.
CREATE TABLE results (
    season int NOT NULL,
    week int NOT NULL CHECK (week BETWEEN 1 AND 18),
    team_id bigint NOT NULL REFERENCES teams ON DELETE CASCADE,
    points numeric(6, 2) NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (season, week, team_id)
) PARTITION BY LIST (season);

CREATE TABLE results_2025 PARTITION OF results FOR VALUES IN (2025);
CREATE TABLE results_2026 PARTITION OF results FOR VALUES IN (2026);

CREATE INDEX idx_results_team ON results (team_id) INCLUDE (points);

CREATE FUNCTION touch() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER results_touch BEFORE UPDATE ON results
    FOR EACH ROW WHEN (OLD.points IS DISTINCT FROM NEW.points)
    EXECUTE FUNCTION touch();

CREATE VIEW career_stats AS
SELECT users.id AS user_id,
       users.name,
       count(DISTINCT results.season) AS seasons,
       sum(results.points) AS points,
       rank() OVER (ORDER BY sum(results.points) DESC) AS place
FROM users
JOIN teams ON teams.user_id = users.id
JOIN results ON results.team_id = teams.id
GROUP BY users.id;

ALTER TABLE teams ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_team ON teams
    FOR UPDATE USING (user_id = current_setting('app.user_id', true)::bigint);
