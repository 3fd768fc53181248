-- The mail that verifies an address tells when and from where its sign-up came.
-- +goose Up
ALTER TABLE challenges ADD COLUMN signed_up_at timestamp;
ALTER TABLE challenges ADD COLUMN sign_up_network text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE challenges DROP COLUMN sign_up_network;
ALTER TABLE challenges DROP COLUMN signed_up_at;
