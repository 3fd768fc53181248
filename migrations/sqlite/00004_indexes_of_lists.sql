-- The indexes of lists.
-- +goose Up
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_search_email ON users (search_email, id);
CREATE INDEX users_search_first_name ON users (search_first_name, id);
CREATE INDEX users_search_last_name ON users (search_last_name, id);
CREATE INDEX users_unsearchable ON users (id) WHERE search_email = '';
CREATE UNIQUE INDEX users_legacy ON users (legacy_id) WHERE legacy_id IS NOT NULL;
CREATE INDEX audit_events_list ON audit_events (at, id);
CREATE INDEX audit_events_of_actor ON audit_events (actor, at, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_events_of_subject ON audit_events (subject, at, id);
DROP INDEX audit_events_subject;
DROP INDEX audit_events_purge;
DROP INDEX audit_events_actor;

-- +goose Down
CREATE INDEX audit_events_subject ON audit_events (subject, at);
CREATE INDEX audit_events_purge ON audit_events (at);
CREATE INDEX audit_events_actor ON audit_events (actor) WHERE actor IS NOT NULL;
DROP INDEX audit_events_of_subject;
DROP INDEX audit_events_of_actor;
DROP INDEX audit_events_list;
DROP INDEX users_legacy;
DROP INDEX users_unsearchable;
DROP INDEX users_search_last_name;
DROP INDEX users_search_first_name;
DROP INDEX users_search_email;
DROP INDEX users_created;
