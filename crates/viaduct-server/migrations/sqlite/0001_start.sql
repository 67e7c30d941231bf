-- Devices, what was seen of them, strangers, people and their tokens.
-- Times are RFC 3339 text in UTC; lists and maps are JSON.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

-- What people decided about a device.
CREATE TABLE device (
    id            TEXT PRIMARY KEY NOT NULL,
    name          TEXT NOT NULL COLLATE NOCASE UNIQUE,
    fqdn          TEXT,
    labels        TEXT NOT NULL,
    blocked       INTEGER NOT NULL,
    cira_user     TEXT,
    cira_verifier BLOB,
    certificate   TEXT UNIQUE,
    amt_user      TEXT,
    amt_sealed    BLOB,
    profile       TEXT NOT NULL,
    added         TEXT NOT NULL
) STRICT;

-- What happened to it; written behind.
CREATE TABLE device_seen (
    id                TEXT PRIMARY KEY NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    last_connected    TEXT,
    last_seen         TEXT,
    last_disconnected TEXT,
    last_address      TEXT,
    end_reason        TEXT,
    end_detail        TEXT,
    end_by_device     INTEGER,
    hello             TEXT,
    ports             TEXT NOT NULL
) STRICT;

-- Devices nobody has told us about.
CREATE TABLE unclaimed (
    id        TEXT PRIMARY KEY NOT NULL,
    address   TEXT NOT NULL,
    first     TEXT NOT NULL,
    last      TEXT NOT NULL,
    count     INTEGER NOT NULL,
    cira_user TEXT,
    verifier  BLOB
) STRICT;

-- Failed attempts, counted by (address, stage, device, kind of reason).
CREATE TABLE attempt (
    address   TEXT NOT NULL,
    stage     TEXT NOT NULL,
    device    TEXT NOT NULL,
    class     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    tls_alert INTEGER,
    hello     TEXT,
    first     TEXT NOT NULL,
    last      TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (address, stage, device, class)
) STRICT;

CREATE TABLE person (
    name     TEXT PRIMARY KEY NOT NULL,
    password TEXT NOT NULL,
    scope    TEXT NOT NULL,
    created  TEXT NOT NULL
) STRICT;

CREATE TABLE token (
    name      TEXT PRIMARY KEY NOT NULL,
    hash      BLOB NOT NULL UNIQUE,
    scope     TEXT NOT NULL,
    created   TEXT NOT NULL,
    expires   TEXT,
    last_used TEXT
) STRICT;
