-- +goose NO TRANSACTION
-- The indexes of lists. They are made beside the writers; what an attempt left unfinished goes first.
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS users_created;
CREATE INDEX CONCURRENTLY users_created ON users (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_email;
CREATE INDEX CONCURRENTLY users_search_email ON users (search_email, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_first_name;
CREATE INDEX CONCURRENTLY users_search_first_name ON users (search_first_name, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_last_name;
CREATE INDEX CONCURRENTLY users_search_last_name ON users (search_last_name, id);
DROP INDEX CONCURRENTLY IF EXISTS users_unsearchable;
CREATE INDEX CONCURRENTLY users_unsearchable ON users (id) WHERE search_email = '';
DROP INDEX CONCURRENTLY IF EXISTS users_legacy;
CREATE UNIQUE INDEX CONCURRENTLY users_legacy ON users (legacy_id) WHERE legacy_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_list;
CREATE INDEX CONCURRENTLY audit_events_list ON audit_events (at, id);
DROP INDEX CONCURRENTLY IF EXISTS audit_events_of_actor;
CREATE INDEX CONCURRENTLY audit_events_of_actor ON audit_events (actor, at, id) WHERE actor IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_of_subject;
CREATE INDEX CONCURRENTLY audit_events_of_subject ON audit_events (subject, at, id);
DROP INDEX CONCURRENTLY IF EXISTS audit_events_subject;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_purge;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_actor;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS audit_events_subject;
CREATE INDEX CONCURRENTLY audit_events_subject ON audit_events (subject, at);
DROP INDEX CONCURRENTLY IF EXISTS audit_events_purge;
CREATE INDEX CONCURRENTLY audit_events_purge ON audit_events (at);
DROP INDEX CONCURRENTLY IF EXISTS audit_events_actor;
CREATE INDEX CONCURRENTLY audit_events_actor ON audit_events (actor) WHERE actor IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_of_subject;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_of_actor;
DROP INDEX CONCURRENTLY IF EXISTS audit_events_list;
DROP INDEX CONCURRENTLY IF EXISTS users_legacy;
DROP INDEX CONCURRENTLY IF EXISTS users_unsearchable;
DROP INDEX CONCURRENTLY IF EXISTS users_search_last_name;
DROP INDEX CONCURRENTLY IF EXISTS users_search_first_name;
DROP INDEX CONCURRENTLY IF EXISTS users_search_email;
DROP INDEX CONCURRENTLY IF EXISTS users_created;
