-- Which message a revocation takes back, by msgid. The other one may come later, or never: the two are joined when they
-- are read. A database of version 1 is then completed from the texts it holds; see schema/complete.rs.
ALTER TABLE message ADD COLUMN revokes TEXT;
CREATE INDEX message_revokes ON message (corp_id, revokes, seq) WHERE revokes IS NOT NULL;
