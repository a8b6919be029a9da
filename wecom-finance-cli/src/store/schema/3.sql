-- The files as a queue. `deadline` is when WeCom is expected to forget the file, `next_try` when it is due, both in
-- milliseconds since 1970; `bytes_done` and `token` say how much of it is safely in its part on the disk, and how to go
-- on; `content_md5` is the MD5 of what was stored. A pending file that has `file` already was whole when its run ended:
-- it only has to be given its name. What an older version stored is completed; see schema/complete.rs.
ALTER TABLE media ADD COLUMN deadline INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN next_try INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN token TEXT;
ALTER TABLE media ADD COLUMN bytes_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN content_md5 TEXT;
DROP INDEX media_pending;
CREATE INDEX media_due ON media (corp_id, deadline, seq, position, next_try) WHERE state = 'pending';
CREATE INDEX media_next_try ON media (corp_id, next_try) WHERE state = 'pending';
CREATE INDEX media_content ON media (corp_id, content_md5, bytes) WHERE state = 'stored';
CREATE INDEX media_sdkfileid ON media (corp_id, sdkfileid);
