-- +goose Up

-- Several unverified users may have one address.
CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text        NOT NULL, -- as given; mails go there
    email_key         text        NOT NULL, -- decides whether two addresses are the same
    pending_email     text        NOT NULL, -- replaces email once it is proved; empty: none
    pending_email_key text        NOT NULL,
    first_name        text        NOT NULL,
    last_name         text        NOT NULL,
    status            text        NOT NULL CHECK (status IN ('unverified', 'verified')),
    role              text        NOT NULL,
    locale            text        NOT NULL,
    password_hash     text        NOT NULL,
    password_version  bigint      NOT NULL,
    unverified_until  timestamptz,
    sign_up_network   text        NOT NULL, -- keyed hash; empty once verified
    blocked           boolean     NOT NULL,
    blocked_until     timestamptz,
    block_reason      text        NOT NULL,
    version           bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_verified_email ON users (email_key) WHERE status = 'verified';
CREATE INDEX users_email ON users (email_key, created_at);
CREATE INDEX users_purge ON users (unverified_until) WHERE status = 'unverified';
CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND status = 'verified';

-- Every refresh updates a session and its token in place: room is left on the pages for that.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    user_agent   text        NOT NULL,
    ip           text        NOT NULL,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    generation   bigint      NOT NULL,
    rotated      bigint      NOT NULL,
    delivered    bigint      NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_user ON sessions (user_id, created_at);
CREATE INDEX sessions_purge ON sessions (expires_at);

-- The whitelist: the one live refresh token of each session.
CREATE TABLE refresh_tokens (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    jti        uuid        NOT NULL UNIQUE,
    generation bigint      NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX refresh_tokens_purge ON refresh_tokens (expires_at);

-- The blacklist. It outlives the session, so that a token presented later is still recognized.
CREATE TABLE revoked_refresh_tokens (
    jti        uuid PRIMARY KEY,
    session_id uuid        NOT NULL,
    generation bigint      NOT NULL,
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    reason     text        NOT NULL,
    revoked_at timestamptz NOT NULL
);
CREATE INDEX revoked_refresh_tokens_superseded ON revoked_refresh_tokens (session_id, generation) WHERE reason = 'superseded';
CREATE INDEX revoked_refresh_tokens_purge ON revoked_refresh_tokens (expires_at);

CREATE TABLE challenges (
    id             uuid PRIMARY KEY,
    purpose        text        NOT NULL,
    email          text        NOT NULL,
    email_key      text        NOT NULL,
    user_id        uuid REFERENCES users ON DELETE CASCADE, -- null: no account of the address fits
    locale         text        NOT NULL,
    guesses        bigint      NOT NULL,
    ip             text        NOT NULL,
    user_agent     text        NOT NULL,
    request_id     text        NOT NULL,
    created_at     timestamptz NOT NULL,
    hand_overs     bigint      NOT NULL, -- tries, without those that certainly failed
    handed_over_at timestamptz,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX challenges_email ON challenges (email_key, purpose, created_at);
CREATE INDEX challenges_user ON challenges (user_id);
CREATE INDEX challenges_purge ON challenges (expires_at);

-- Mails that wait to be sent.
CREATE TABLE notices (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL,
    email      text        NOT NULL,
    email_key  text        NOT NULL,
    locale     text        NOT NULL,
    ip         text        NOT NULL,
    user_agent text        NOT NULL,
    request_id text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE throttles (
    key text PRIMARY KEY,
    tat bigint NOT NULL -- theoretical arrival time (GCRA), microseconds since 1970
);
CREATE INDEX throttles_purge ON throttles (tat);

CREATE TABLE remembered_keys (
    key   text PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE INDEX remembered_keys_purge ON remembered_keys (until);

-- No foreign keys: events outlive their users.
CREATE TABLE audit_events (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      uuid,
    subject    uuid,
    action     text        NOT NULL,
    ip         text        NOT NULL,
    user_agent text        NOT NULL,
    request_id text        NOT NULL,
    details    jsonb       NOT NULL
);
CREATE INDEX audit_events_subject ON audit_events (subject, at);
CREATE INDEX audit_events_purge ON audit_events (at);
CREATE INDEX audit_events_actor ON audit_events (actor) WHERE actor IS NOT NULL;

-- +goose Down
DROP TABLE audit_events;
DROP TABLE remembered_keys;
DROP TABLE throttles;
DROP TABLE notices;
DROP TABLE challenges;
DROP TABLE revoked_refresh_tokens;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;
