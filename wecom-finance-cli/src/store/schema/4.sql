-- Holes in the sequence: seqs that WeCom did not hand out, written together with the page that showed them, and never
-- deleted. `idle_since` is the time from which on messages can be missing there, `missing` how many seqs still are, as messages
-- may come later; `filled` when the last one came. No two holes of a corp overlap. Of a corp, `pulled` is when WeCom last
-- handed out messages, and `at_head` when it last said that there are no more. All times are milliseconds since 1970. What an
-- older version stored is searched for holes, whose reason nobody knows any more; see schema/complete.rs.
ALTER TABLE corp ADD COLUMN pulled INTEGER;
ALTER TABLE corp ADD COLUMN at_head INTEGER;
CREATE TABLE gap (
    corp_id    TEXT NOT NULL,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    missing    INTEGER NOT NULL,
    reason     TEXT NOT NULL CHECK (reason IN ('retention', 'unexplained')),
    idle_since INTEGER,
    found      INTEGER NOT NULL,
    filled     INTEGER,
    PRIMARY KEY (corp_id, first_seq),
    FOREIGN KEY (corp_id) REFERENCES corp (corp_id)
) STRICT, WITHOUT ROWID;
