-- The columns of Supabase Auth's table that are read, and those that tell of users without an address, with rows of its own.
CREATE SCHEMA auth;
CREATE TABLE auth.users (
    instance_id        uuid,
    id                 uuid PRIMARY KEY,
    aud                varchar(255),
    role               varchar(255),
    email              varchar(255),
    encrypted_password varchar(255),
    email_confirmed_at timestamptz,
    invited_at         timestamptz,
    raw_app_meta_data  jsonb,
    raw_user_meta_data jsonb,
    is_super_admin     boolean,
    created_at         timestamptz,
    updated_at         timestamptz,
    phone              text UNIQUE,
    banned_until       timestamptz,
    deleted_at         timestamptz,
    is_anonymous       boolean NOT NULL DEFAULT false
);
INSERT INTO auth.users (id, email, encrypted_password, email_confirmed_at, banned_until, raw_user_meta_data, raw_app_meta_data, created_at, phone, deleted_at, is_anonymous) VALUES
    ('11111111-1111-4111-8111-111111111111', 'Ada@example.com', '{hash}', '2021-02-03 04:05:06+00', NULL, '{"name": "Ada", "n": 1.10}', '{"provider": "email"}', '2021-02-03 04:05:06+01', NULL, NULL, false),
    ('22222222-2222-4222-8222-222222222222', 'bob@example.com', '{argon}', '2021-02-03 04:05:06+00', '2300-01-01 00:00:00+00', '{}', NULL, '2021-02-03 04:05:06+01', NULL, NULL, false),
    ('33333333-3333-4333-8333-333333333333', 'cyd@example.com', NULL, NULL, 'infinity', 'null', '{}', NULL, NULL, NULL, false),
    ('44444444-4444-4444-8444-444444444444', 'dan@example.com', '', '2021-02-03 04:05:06+00', '2020-01-01 00:00:00+00', NULL, NULL, '2021-02-03 04:05:06+01', NULL, NULL, false),
    ('55555555-5555-4555-8555-555555555555', NULL, NULL, NULL, NULL, NULL, NULL, '2021-02-03 04:05:06+01', '4912345', NULL, false),
    ('66666666-6666-4666-8666-666666666666', NULL, NULL, NULL, NULL, NULL, NULL, '2021-02-03 04:05:06+01', NULL, NULL, true),
    ('77777777-7777-4777-8777-777777777777', 'gone@example.com', '{hash}', '2021-02-03 04:05:06+00', NULL, NULL, NULL, '2021-02-03 04:05:06+01', NULL, '2022-01-01 00:00:00+00', false);
