-- An archive as version 2 left it.
PRAGMA application_id = 0x57434641;
PRAGMA user_version = 2;
INSERT INTO corp VALUES ('ww1', 6);
INSERT INTO sealed (corp_id, seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg, state) VALUES
    ('ww1', 1, '1_1', 1, 'key', 'sealed', 'opened'),
    ('ww1', 2, '2_2', 1, 'key', 'sealed', 'opened'),
    ('ww1', 3, '3_3', 1, 'key', 'sealed', 'opened'),
    ('ww1', 4, '4_4', 1, 'key', 'sealed', 'opened'),
    ('ww1', 5, '5_5', 1, 'key', 'sealed', 'opened'),
    ('ww1', 6, '6_6', 1, 'key', 'sealed', 'opened');
INSERT INTO message (corp_id, seq, msgid, publickey_ver, action, msgtype, msgtime, raw)
    SELECT corp_id, seq, msgid, 1, 'send', 'image', iif(seq = 4, NULL, 1711432801950),
        CAST('{"msgid":"' || msgid || '","action":"send","msgtype":"image","image":{"sdkfileid":"C' || seq || '"}}' AS BLOB)
    FROM sealed;
INSERT INTO media (corp_id, seq, position, path, kind, sdkfileid, extension, size, md5, state, file, bytes, md5_ok,
                   attempts, attempted, reason) VALUES
    ('ww1', 1, 0, '/image', 'image', 'C1', 'jpg', 17, '900150983CD24FB0D6963F7D28E17F72', 'stored', 'ww1/0/1-0.jpg', 17, 1,
     1, 1711432900000, NULL),
    ('ww1', 2, 0, '/image', 'image', 'C2', 'jpg', 17, '00000000000000000000000000000000', 'stored', 'ww1/0/2-0.jpg', 17, 0,
     1, 1711432900000, NULL),
    ('ww1', 3, 0, '/image', 'image', 'C3', 'jpg', 17, NULL, 'pending', NULL, NULL, NULL, 3, 1711432900000, 'network'),
    ('ww1', 4, 0, '/image', 'image', 'C4', 'jpg', 17, NULL, 'pending', NULL, NULL, NULL, 0, 0, NULL),
    ('ww1', 5, 0, '/image', 'image', 'C5', 'jpg', 17, NULL, 'expired', NULL, NULL, NULL, 1, 1711432900000, 'gone'),
    ('ww1', 6, 0, '/image', 'image', 'C6', 'jpg', 17, NULL, 'stored', 'ww1/0/6-0.jpg', 17, NULL, 1, 1711432900000, NULL);
