-- An archive as version 3 left it: two corps, in one of them an item that was no message.
PRAGMA application_id = 0x57434641;
PRAGMA user_version = 3;
INSERT INTO corp VALUES ('ww1', 5001), ('ww2', 9);
INSERT INTO sealed (corp_id, seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg, state) VALUES
    ('ww1', 1001, '1_1', 1, 'key', 'sealed', 'opened'),
    ('ww1', 1002, '2_2', 1, 'key', 'sealed', 'opened'),
    ('ww1', 1004, '3_3', 1, 'key', 'sealed', 'opened'),
    ('ww1', 5000, '4_4', 1, 'key', 'sealed', 'opened'),
    ('ww1', 5001, '5_5', 1, 'key', 'sealed', 'opened'),
    ('ww2', 1, '1_1', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 2, '2_2', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 4, '4_4', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 5, '5_5', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 6, '6_6', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 7, '7_7', 1, 'key', 'sealed', 'quarantined'),
    ('ww2', 9, '9_9', 1, 'key', 'sealed', 'quarantined');
INSERT INTO message (corp_id, seq, msgid, publickey_ver, action, msgtype, msgtime, raw)
    SELECT corp_id, seq, msgid, 1, 'send', 'text', iif(seq < 5000, 1711432801950, 1711432999000), CAST('{}' AS BLOB)
    FROM sealed WHERE corp_id = 'ww1';
INSERT INTO quarantine (corp_id, after_seq, reason, detail, content) VALUES
    ('ww2', 2, 'malformed', 'an item of the page is not a sealed message', CAST('17' AS BLOB));
