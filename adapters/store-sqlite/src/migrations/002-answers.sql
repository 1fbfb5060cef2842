-- Format 2: the answers given to orders that came with a key, so that an order repeated with its key has no second effect.
-- They are forgotten after some days and are no evidence: this table is not append-only.

CREATE TABLE answered (
  key     BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
  request BLOB    NOT NULL CHECK (length(request) = 32),
  answer  BLOB    NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_by_time ON answered (at);
