-- The journal of a node, format 1 (ARCHITECTURE.md, "What a node keeps").
-- Instants are nanoseconds since 1970 (UTC). `checksum` is the beginning of a SHA-256 over instant, flag and text of its row.
-- A released migration is never edited: the next format is a file of its own.

PRAGMA application_id = 0x434e4352; -- "CNCR"

CREATE TABLE writer (
  key  INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE conference (
  key  INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE link (
  row         INTEGER PRIMARY KEY,
  id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 32),
  conference  INTEGER NOT NULL REFERENCES conference (key),
  writer      INTEGER NOT NULL REFERENCES writer (key),
  received_at INTEGER NOT NULL,
  own         INTEGER NOT NULL CHECK (own IN (0, 1)),
  checksum    INTEGER NOT NULL,
  text        TEXT    NOT NULL
) STRICT;
CREATE INDEX link_by_conference ON link (conference);

-- Conferences in the order of their first link.
CREATE TABLE appearance (
  position   INTEGER PRIMARY KEY,
  conference INTEGER NOT NULL UNIQUE REFERENCES conference (key)
) STRICT;

-- How this node stands to the content of a link: the only thing about a link that changes.
CREATE TABLE content (
  link   INTEGER PRIMARY KEY REFERENCES link (row),
  status INTEGER NOT NULL CHECK (status IN (0, 1, 2)), -- valid, unknown schema, refused
  code   TEXT CHECK ((code IS NOT NULL) = (status = 2)),
  reason TEXT CHECK ((reason IS NOT NULL) = (status = 2))
) STRICT;

CREATE TABLE receipt (
  row         INTEGER PRIMARY KEY,
  digest      BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
  conference  INTEGER NOT NULL REFERENCES conference (key),
  received_at INTEGER NOT NULL,
  checksum    INTEGER NOT NULL,
  text        TEXT    NOT NULL
) STRICT;
CREATE INDEX receipt_by_conference ON receipt (conference);

CREATE TABLE receipt_message (
  message BLOB    NOT NULL CHECK (length(message) = 32),
  receipt INTEGER NOT NULL REFERENCES receipt (row),
  PRIMARY KEY (message, receipt)
) STRICT, WITHOUT ROWID;

CREATE TABLE bundle (
  row    INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE alarm (
  row        INTEGER PRIMARY KEY,
  conference INTEGER REFERENCES conference (key),
  code       TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  text       TEXT    NOT NULL
) STRICT;
-- keys of conferences start at 1, so 0 stands for "none"
CREATE UNIQUE INDEX alarm_once ON alarm (ifnull(conference, 0), code, subject);
CREATE INDEX alarm_by_conference ON alarm (conference);

CREATE TABLE outbox (
  row     INTEGER PRIMARY KEY AUTOINCREMENT,
  peer    INTEGER NOT NULL REFERENCES writer (key),
  message BLOB    NOT NULL CHECK (length(message) = 32),
  since   INTEGER NOT NULL,
  UNIQUE (peer, message)
) STRICT;
CREATE INDEX outbox_by_peer ON outbox (peer);

CREATE TABLE wanted (
  row        INTEGER PRIMARY KEY AUTOINCREMENT,
  digest     BLOB    NOT NULL CHECK (length(digest) = 32),
  message    BLOB    NOT NULL CHECK (length(message) = 32),
  conference INTEGER NOT NULL REFERENCES conference (key),
  author     INTEGER NOT NULL REFERENCES writer (key),
  size       INTEGER NOT NULL, -- the 64 bits of an unsigned number
  UNIQUE (digest, message)
) STRICT;

CREATE TABLE terms (
  conference INTEGER NOT NULL REFERENCES conference (key),
  lead_head  BLOB    NOT NULL CHECK (length(lead_head) = 32),
  digest     BLOB    NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (conference, lead_head)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts the openings for writing: a writer that finds another number than its own has lost the store.
CREATE TABLE fence (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL
) STRICT;
INSERT INTO fence (one, number) VALUES (1, 0);

CREATE TRIGGER writer_keeps_rows BEFORE UPDATE ON writer BEGIN SELECT RAISE(ABORT, 'writer is append-only'); END;
CREATE TRIGGER writer_loses_none BEFORE DELETE ON writer BEGIN SELECT RAISE(ABORT, 'writer is append-only'); END;
CREATE TRIGGER conference_keeps_rows BEFORE UPDATE ON conference BEGIN SELECT RAISE(ABORT, 'conference is append-only'); END;
CREATE TRIGGER conference_loses_none BEFORE DELETE ON conference BEGIN SELECT RAISE(ABORT, 'conference is append-only'); END;
CREATE TRIGGER link_keeps_rows BEFORE UPDATE ON link BEGIN SELECT RAISE(ABORT, 'link is append-only'); END;
CREATE TRIGGER link_loses_none BEFORE DELETE ON link BEGIN SELECT RAISE(ABORT, 'link is append-only'); END;
CREATE TRIGGER appearance_keeps_rows BEFORE UPDATE ON appearance BEGIN SELECT RAISE(ABORT, 'appearance is append-only'); END;
CREATE TRIGGER appearance_loses_none BEFORE DELETE ON appearance BEGIN SELECT RAISE(ABORT, 'appearance is append-only'); END;
CREATE TRIGGER content_loses_none BEFORE DELETE ON content BEGIN SELECT RAISE(ABORT, 'a content keeps its status'); END;
CREATE TRIGGER receipt_keeps_rows BEFORE UPDATE ON receipt BEGIN SELECT RAISE(ABORT, 'receipt is append-only'); END;
CREATE TRIGGER receipt_loses_none BEFORE DELETE ON receipt BEGIN SELECT RAISE(ABORT, 'receipt is append-only'); END;
CREATE TRIGGER receipt_message_keeps_rows BEFORE UPDATE ON receipt_message BEGIN SELECT RAISE(ABORT, 'receipt_message is append-only'); END;
CREATE TRIGGER receipt_message_loses_none BEFORE DELETE ON receipt_message BEGIN SELECT RAISE(ABORT, 'receipt_message is append-only'); END;
CREATE TRIGGER bundle_keeps_rows BEFORE UPDATE ON bundle BEGIN SELECT RAISE(ABORT, 'bundle is append-only'); END;
CREATE TRIGGER bundle_loses_none BEFORE DELETE ON bundle BEGIN SELECT RAISE(ABORT, 'bundle is append-only'); END;
CREATE TRIGGER alarm_keeps_rows BEFORE UPDATE ON alarm BEGIN SELECT RAISE(ABORT, 'alarm is append-only'); END;
CREATE TRIGGER alarm_loses_none BEFORE DELETE ON alarm BEGIN SELECT RAISE(ABORT, 'alarm is append-only'); END;
