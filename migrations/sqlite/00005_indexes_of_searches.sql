-- A search that has few matches sorts them by what its indexes hold, and reads only the users of its page.
-- +goose Up
DROP INDEX users_search_email;
CREATE INDEX users_search_email ON users (search_email, id, created_at);
DROP INDEX users_search_first_name;
CREATE INDEX users_search_first_name ON users (search_first_name, id, created_at);
DROP INDEX users_search_last_name;
CREATE INDEX users_search_last_name ON users (search_last_name, id, created_at);

-- +goose Down
DROP INDEX users_search_email;
CREATE INDEX users_search_email ON users (search_email, id);
DROP INDEX users_search_first_name;
CREATE INDEX users_search_first_name ON users (search_first_name, id);
DROP INDEX users_search_last_name;
CREATE INDEX users_search_last_name ON users (search_last_name, id);
