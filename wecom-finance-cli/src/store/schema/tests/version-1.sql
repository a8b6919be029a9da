-- An archive as version 1 left it.
PRAGMA application_id = 0x57434641;
PRAGMA user_version = 1;
INSERT INTO corp VALUES ('ww1', 5);
INSERT INTO sealed (corp_id, seq, msgid, publickey_ver, encrypt_random_key, encrypt_chat_msg, state) VALUES
    ('ww1', 1, '1_1', 1, 'key', 'sealed', 'opened'),
    ('ww1', 2, '2_2', 1, 'key', 'sealed', 'opened'),
    ('ww1', 3, '3_3', 1, 'key', 'sealed', 'opened'),
    ('ww1', 4, '4_4', 1, 'key', 'sealed', 'opened'),
    ('ww1', 5, '5_5', 1, 'key', 'sealed', 'opened');
INSERT INTO message (corp_id, seq, msgid, publickey_ver, action, msgtype, raw) VALUES
    ('ww1', 1, '1_1', 1, 'send', 'text',
     CAST('{"msgid":"1_1","action":"send","msgtype":"text","text":{"content":"x"}}' AS BLOB)),
    ('ww1', 2, '2_2', 1, 'send', 'image',
     CAST('{"msgid":"2_2","action":"send","msgtype":"image","image":{"sdkfileid":"C2"}}' AS BLOB)),
    ('ww1', 3, '3_3', 1, 'send', 'mixed',
     CAST('{"msgid":"3_3","action":"send","msgtype":"mixed","mixed":{"item":[{"type":"text","content":"{\"content\":\"x\"}"},{"type":"image","content":"{\"sdkfileid\":\"C3\"}"}]}}' AS BLOB)),
    ('ww1', 4, '4_4', 1, 'recall', 'revoke',
     CAST('{"msgid":"4_4","action":"recall","msgtype":"revoke","revoke":{"pre_msgid":"1_1"}}' AS BLOB)),
    ('ww1', 5, '5_5', 1, 'recall', 'revoke',
     CAST('{"msgid":"5_5","action":"recall","msgtype":"revoke","revoke":{"pre_msgid":""}}' AS BLOB));
INSERT INTO media (corp_id, seq, position, path, kind, sdkfileid, extension, state, file, bytes) VALUES
    ('ww1', 2, 0, '/image', 'image', 'C2', 'jpg', 'stored', 'ww1/0/2-0.jpg', 17);
