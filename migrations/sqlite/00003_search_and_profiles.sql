-- Users are found by keys of their address and names, bring ids from other systems, carry custom fields, and come by
-- invitation.
-- +goose Up
ALTER TABLE users ADD COLUMN search_email text NOT NULL DEFAULT ''; -- empty: an earlier version wrote the row
ALTER TABLE users ADD COLUMN search_first_name text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN search_last_name text NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN legacy_id text; -- of the system that the user came from
ALTER TABLE users ADD COLUMN invited_by text; -- of an invitation that waits to be accepted
ALTER TABLE users ADD COLUMN profile text NOT NULL DEFAULT ''; -- JSON objects; empty: none
ALTER TABLE users ADD COLUMN app_data text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN app_data;
ALTER TABLE users DROP COLUMN profile;
ALTER TABLE users DROP COLUMN invited_by;
ALTER TABLE users DROP COLUMN legacy_id;
ALTER TABLE users DROP COLUMN search_last_name;
ALTER TABLE users DROP COLUMN search_first_name;
ALTER TABLE users DROP COLUMN search_email;
