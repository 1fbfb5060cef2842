-- The mails of a node's certified mailbox, format 1 (ARCHITECTURE.md, "Certified mail").
-- Instants are nanoseconds since 1970 (UTC). What went out and what came in is kept for ever, byte for byte.
-- A released migration is never edited: the next format is a file of its own.

PRAGMA application_id = 0x434e434d; -- "CNCM"

-- Small named numbers: the last row of the journal that was looked at, when the mailbox was first used.
CREATE TABLE note (
  name  TEXT    PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each source was read, committed with the mails that were read.
CREATE TABLE source (
  name     TEXT    PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sent (
  row        INTEGER PRIMARY KEY,
  message_id TEXT    NOT NULL UNIQUE,
  sender     TEXT    NOT NULL,
  recipient  TEXT,                     -- none: nobody knows the address yet
  conference TEXT    NOT NULL,
  message    BLOB    NOT NULL CHECK (length(message) = 32),
  body       TEXT    NOT NULL,         -- the administration that it is for
  repetition INTEGER NOT NULL,         -- 0, or so many times a person ordered it again
  subject    TEXT    NOT NULL,
  why        TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  restricted INTEGER NOT NULL CHECK (restricted IN (0, 1)), -- has documents that not everybody may see
  -- what changes
  state      TEXT    NOT NULL,         -- what receipts proved, as JSON; never goes back
  problem    TEXT,                     -- why a person must look
  closed     TEXT,                     -- a person: `sent` or `resent`
  recorded   BLOB CHECK (length(recorded) = 32), -- the link that records the delivery
  done       INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)), -- nothing more to do
  UNIQUE (message, body, repetition)
) STRICT;
CREATE INDEX sent_open ON sent (done) WHERE done = 0;
CREATE INDEX sent_conference ON sent (conference);

-- The mails themselves stand apart from what changes, so that a change writes none of them again.
CREATE TABLE sent_mail (               -- exactly as it leaves; none where it could not be composed
  row        INTEGER PRIMARY KEY REFERENCES sent (row),
  mail       BLOB    NOT NULL
) STRICT;

CREATE TABLE attempt (
  sent     INTEGER NOT NULL REFERENCES sent (row),
  number   INTEGER NOT NULL,
  begun_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome  TEXT CHECK ((outcome IS NULL) = (ended_at IS NULL)), -- none: the process died in it, and nobody knows
  reply    TEXT,
  PRIMARY KEY (sent, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE received (
  row        INTEGER PRIMARY KEY,
  digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
  came_at    INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  parent     INTEGER REFERENCES received (row), -- the mail in which this one was forwarded
  -- what changes
  kind       TEXT,                     -- none: not looked at yet
  status     TEXT    NOT NULL,         -- `new`, `waits` (for a person), `done`
  facts      TEXT,                     -- what the mail says, as JSON
  sent       INTEGER REFERENCES sent (row), -- the mail that it is about
  conference TEXT,
  message    BLOB CHECK (length(message) = 32), -- the link that it carries
  decision   TEXT,                     -- what a person said it is
  recorded   BLOB CHECK (length(recorded) = 32)  -- the link that records it
) STRICT;
CREATE TABLE received_mail (           -- as it came; none where the source did not give it
  row        INTEGER PRIMARY KEY REFERENCES received (row),
  mail       BLOB    NOT NULL
) STRICT;
CREATE INDEX received_status ON received (status) WHERE status <> 'done';
CREATE INDEX received_sent ON received (sent) WHERE sent IS NOT NULL;
CREATE INDEX received_identifier ON received (json_extract(facts, '$.identifier')) WHERE sent IS NOT NULL;

CREATE TRIGGER sent_stays BEFORE UPDATE OF row, message_id, sender, recipient, conference, message, body, repetition ON sent
BEGIN SELECT RAISE(ABORT, 'a mail that went out is never changed'); END;
CREATE TRIGGER sent_kept BEFORE DELETE ON sent
BEGIN SELECT RAISE(ABORT, 'a mail that went out is never deleted'); END;
CREATE TRIGGER attempt_kept BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'an attempt is never deleted'); END;
CREATE TRIGGER received_stays BEFORE UPDATE OF row, digest, came_at, bytes, parent ON received
BEGIN SELECT RAISE(ABORT, 'a mail that came in is never changed'); END;
CREATE TRIGGER received_kept BEFORE DELETE ON received
BEGIN SELECT RAISE(ABORT, 'a mail that came in is never deleted'); END;
CREATE TRIGGER sent_mail_stays BEFORE UPDATE ON sent_mail
BEGIN SELECT RAISE(ABORT, 'a mail that went out is never changed'); END;
CREATE TRIGGER sent_mail_kept BEFORE DELETE ON sent_mail
BEGIN SELECT RAISE(ABORT, 'a mail that went out is never deleted'); END;
CREATE TRIGGER received_mail_stays BEFORE UPDATE ON received_mail
BEGIN SELECT RAISE(ABORT, 'a mail that came in is never changed'); END;
CREATE TRIGGER received_mail_kept BEFORE DELETE ON received_mail
BEGIN SELECT RAISE(ABORT, 'a mail that came in is never deleted'); END;
