-- A row of every table, as version 3 had them, for both engines. Times end with a second, so that both read them alike.
INSERT INTO users (id, email, email_key, pending_email, pending_email_key, first_name, last_name, status, role, locale, password_hash,
    password_version, unverified_until, sign_up_network, blocked, blocked_until, block_reason, version, created_at, updated_at,
    search_email, search_first_name, search_last_name, legacy_id, invited_by, profile, app_data)
VALUES ('01900000-0000-7000-8000-000000000001', 'Ada@example.com', 'ada@example.com', 'new@example.com', 'new@example.com', 'Ada', 'Lovelace',
        'verified', 'admin', 'en', '$2a$04$hash', 2, NULL, '', true, '2030-01-01 00:00:00+00:00', 'holiday', 7,
        '2026-01-02 03:04:05+00:00', '2026-01-03 03:04:05+00:00',
        'ada@example.com', 'ada', 'lovelace', NULL, NULL, '', ''),
       ('01900000-0000-7000-8000-000000000002', 'bob@example.com', 'bob@example.com', '', '', '', '',
        'unverified', 'user', 'ru', '$2a$04$hash', 1, '2030-01-01 00:00:00+00:00', 'network', false, NULL, '', 1,
        '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00',
        'bob@example.com', '', '', NULL, NULL, '', ''),
       ('01900000-0000-7000-8000-000000000003', 'Cyd@example.com', 'cyd@example.com', '', '', 'Сид', '',
        'unverified', 'admin', 'en', '', 1, '2030-01-01 00:00:00+00:00', '', false, NULL, '', 1,
        '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00',
        'cyd@example.com', 'сид', '', '17', '01900000-0000-7000-8000-000000000001', '{"a":1.10}', '{"b":[true]}');
INSERT INTO sessions (id, user_id, user_agent, ip, created_at, last_used_at, expires_at, generation, rotated, delivered)
VALUES ('01900000-0000-7000-9000-000000000001', '01900000-0000-7000-8000-000000000001', 'agent', '192.0.2.1',
        '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:06+00:00', '2030-01-01 00:00:00+00:00', 3, 2, 2);
INSERT INTO refresh_tokens (session_id, jti, generation, issued_at, expires_at)
VALUES ('01900000-0000-7000-9000-000000000001', '01900000-0000-7000-a000-000000000003', 3, '2026-01-02 03:04:06+00:00', '2029-01-01 00:00:00+00:00');
INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at)
VALUES ('01900000-0000-7000-a000-000000000002', '01900000-0000-7000-9000-000000000001', 2, '2026-01-02 03:04:05+00:00',
        '2029-01-01 00:00:00+00:00', 'rotated', '2026-01-02 03:04:06+00:00');
INSERT INTO challenges (id, purpose, email, email_key, user_id, locale, guesses, ip, user_agent, request_id, created_at, hand_overs, handed_over_at, expires_at,
    signed_up_at, sign_up_network)
VALUES ('01900000-0000-4000-8000-000000000001', 'change_email', 'new@example.com', 'new@example.com', '01900000-0000-7000-8000-000000000001', 'en', 4,
        '192.0.2.1', 'agent', 'request', '2026-01-02 03:04:05+00:00', 1, '2026-01-02 03:04:06+00:00', '2030-01-01 00:00:00+00:00',
        NULL, ''),
       ('01900000-0000-4000-8000-000000000002', 'verify_email', 'bob@example.com', 'bob@example.com', '01900000-0000-7000-8000-000000000002', 'ru', 0,
        '192.0.2.1', 'agent', 'request', '2026-01-02 03:04:05+00:00', 0, NULL, '2030-01-01 00:00:00+00:00',
        '2026-01-02 03:04:05+00:00', '192.0.2.1');
INSERT INTO notices (id, kind, email, email_key, locale, ip, user_agent, request_id, created_at)
VALUES ('01900000-0000-7000-b000-000000000001', 'email_requested', 'Ada@example.com', 'ada@example.com', 'en', '192.0.2.1', 'agent', 'request', '2026-01-02 03:04:05+00:00');
INSERT INTO throttles (key, tat) VALUES ('00.key', 1900000000000000);
INSERT INTO remembered_keys (key, until) VALUES ('04.key', '2030-01-01 00:00:00+00:00');
INSERT INTO audit_events (id, at, actor, subject, action, ip, user_agent, request_id, details)
VALUES ('01900000-0000-7000-c000-000000000001', '2026-01-02 03:04:05+00:00', NULL, '01900000-0000-7000-8000-000000000001', 'user.signed_up',
        '192.0.2.1', 'agent', 'request', '{"k": "v"}');
