-- The table of the FastAPI service, as its models make it, with rows of its own.
CREATE TYPE userstatus AS ENUM ('UNVERIFIED', 'VERIFIED');
CREATE TYPE userrole AS ENUM ('USER', 'ADMIN');
CREATE TABLE users (
    id         bigserial PRIMARY KEY,
    email      varchar NOT NULL UNIQUE,
    password   varchar NOT NULL,
    first_name varchar,
    last_name  varchar,
    status     userstatus NOT NULL DEFAULT 'UNVERIFIED',
    role       userrole NOT NULL DEFAULT 'USER',
    created_at timestamp NOT NULL DEFAULT now()
);
-- The passwords are "correct horse battery", by passlib's bcrypt.
INSERT INTO users (id, email, password, first_name, last_name, status, role, created_at) VALUES
    (7, 'Ada@example.com', '{hash}', 'Ada', NULL, 'VERIFIED', 'ADMIN', '2021-02-03 04:05:06.000007'),
    (9, 'bob@example.com', '{hash}', NULL, NULL, 'UNVERIFIED', 'USER', '2022-02-03 04:05:06'),
    (11, 'cyd@example.com', 'plain text', 'Cyd', 'Day', 'VERIFIED', 'USER', '2023-02-03 04:05:06'),
    (4000000000, 'dan@example.com', '{hash}', 'Дан', 'Day', 'VERIFIED', 'USER', '2023-02-03 04:05:06');
