-- Who did what. Rows are only ever added: an outcome is a row of its own that names its intent.
-- Each row's hash covers its fields and the hash before it; `mac` covers the hash with a key that is not in here.

CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY NOT NULL,
    time   TEXT NOT NULL,
    tenant TEXT NOT NULL,
    actor  TEXT NOT NULL,
    source TEXT,
    action TEXT NOT NULL,
    device TEXT,
    detail TEXT NOT NULL,
    result TEXT NOT NULL,
    intent INTEGER,
    prev   BLOB NOT NULL,
    hash   BLOB NOT NULL,
    mac    BLOB NOT NULL
) STRICT;

CREATE INDEX audit_intent ON audit (intent) WHERE intent IS NOT NULL;
CREATE INDEX audit_open ON audit (seq) WHERE result = 'intent';
CREATE INDEX audit_device ON audit (device, seq) WHERE device IS NOT NULL;
