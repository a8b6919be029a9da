-- One database may hold the archives of several corps. A seq is unique within its corp.

-- How far each corp's stream has been pulled: the next page is the one after this seq.
CREATE TABLE corp (
    corp_id TEXT PRIMARY KEY,
    cursor  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every message as WeCom sealed it. Written together with the cursor, before anything is opened, and never deleted.
-- `attempts` counts how often it was opened by itself, because an earlier run had died with it in hand.
CREATE TABLE sealed (
    corp_id            TEXT NOT NULL,
    seq                INTEGER NOT NULL,
    msgid              TEXT NOT NULL,
    publickey_ver      INTEGER NOT NULL,
    encrypt_random_key TEXT NOT NULL,
    encrypt_chat_msg   TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('new', 'opened', 'duplicate', 'quarantined')),
    attempts           INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (corp_id, seq),
    FOREIGN KEY (corp_id) REFERENCES corp (corp_id)
) STRICT;
CREATE INDEX sealed_new ON sealed (corp_id, seq) WHERE state = 'new';

-- Every opened message: its text, and the fields that it begins with (NULL where it has none).
CREATE TABLE message (
    corp_id       TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    msgid         TEXT NOT NULL,
    publickey_ver INTEGER NOT NULL,
    action        TEXT,
    msgtype       TEXT,
    "from"        TEXT,
    tolist        TEXT,
    roomid        TEXT,
    msgtime       INTEGER,
    raw           BLOB NOT NULL,
    PRIMARY KEY (corp_id, seq),
    FOREIGN KEY (corp_id, seq) REFERENCES sealed (corp_id, seq)
) STRICT;
CREATE INDEX message_msgid ON message (corp_id, msgid);

-- What could not be opened or read, and why. An item that is no sealed message has no seq: its text is the content.
CREATE TABLE quarantine (
    id            INTEGER PRIMARY KEY,
    corp_id       TEXT NOT NULL,
    seq           INTEGER,
    after_seq     INTEGER NOT NULL,
    msgid         TEXT,
    publickey_ver INTEGER,
    reason        TEXT NOT NULL,
    detail        TEXT NOT NULL,
    content       BLOB,
    FOREIGN KEY (corp_id, seq) REFERENCES sealed (corp_id, seq)
) STRICT;
CREATE UNIQUE INDEX quarantine_seq ON quarantine (corp_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX quarantine_order ON quarantine (corp_id, after_seq, id);

-- The files that messages refer to. `size` and `md5` are what the message says, `bytes` and `md5_ok` what was found.
CREATE TABLE media (
    corp_id   TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    path      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    sdkfileid TEXT NOT NULL,
    name      TEXT,
    extension TEXT,
    size      INTEGER,
    md5       TEXT,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'stored', 'expired', 'failed')),
    file      TEXT,
    bytes     INTEGER,
    md5_ok    INTEGER,
    attempts  INTEGER NOT NULL DEFAULT 0,
    attempted INTEGER NOT NULL DEFAULT 0,
    reason    TEXT,
    PRIMARY KEY (corp_id, seq, position),
    FOREIGN KEY (corp_id, seq) REFERENCES message (corp_id, seq)
) STRICT;
CREATE INDEX media_pending ON media (corp_id, attempts, seq, position) WHERE state = 'pending';
