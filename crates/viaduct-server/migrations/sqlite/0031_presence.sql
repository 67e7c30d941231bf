-- When each device was here: one row from the moment it came until it was gone, and why it went.
-- Times are milliseconds since 1970, because they are compared and there are many.

CREATE TABLE presence (
    device    TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    since     INTEGER NOT NULL,
    until     INTEGER,
    reason    TEXT,
    detail    TEXT,
    by_device INTEGER,
    PRIMARY KEY (device, since)
) STRICT, WITHOUT ROWID;

CREATE INDEX presence_until ON presence (until);

-- One row: since when it is written down at all, and when the server was last known to run.
CREATE TABLE watch (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    began INTEGER NOT NULL,
    alive INTEGER NOT NULL
) STRICT;
