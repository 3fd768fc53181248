-- +goose NO TRANSACTION
-- A search that has few matches sorts them by what its indexes hold, and reads only the users of its page. The indexes are
-- made beside the writers; what an attempt left unfinished goes first.
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_email;
CREATE INDEX CONCURRENTLY new_users_search_email ON users (search_email, id, created_at);
DROP INDEX CONCURRENTLY IF EXISTS users_search_email;
ALTER INDEX new_users_search_email RENAME TO users_search_email;
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_first_name;
CREATE INDEX CONCURRENTLY new_users_search_first_name ON users (search_first_name, id, created_at);
DROP INDEX CONCURRENTLY IF EXISTS users_search_first_name;
ALTER INDEX new_users_search_first_name RENAME TO users_search_first_name;
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_last_name;
CREATE INDEX CONCURRENTLY new_users_search_last_name ON users (search_last_name, id, created_at);
DROP INDEX CONCURRENTLY IF EXISTS users_search_last_name;
ALTER INDEX new_users_search_last_name RENAME TO users_search_last_name;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_email;
CREATE INDEX CONCURRENTLY new_users_search_email ON users (search_email, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_email;
ALTER INDEX new_users_search_email RENAME TO users_search_email;
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_first_name;
CREATE INDEX CONCURRENTLY new_users_search_first_name ON users (search_first_name, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_first_name;
ALTER INDEX new_users_search_first_name RENAME TO users_search_first_name;
DROP INDEX CONCURRENTLY IF EXISTS new_users_search_last_name;
CREATE INDEX CONCURRENTLY new_users_search_last_name ON users (search_last_name, id);
DROP INDEX CONCURRENTLY IF EXISTS users_search_last_name;
ALTER INDEX new_users_search_last_name RENAME TO users_search_last_name;
