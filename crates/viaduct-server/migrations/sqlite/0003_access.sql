-- Roles, tenants, scopes by label, second factors, and sign-ins that were ended early.

ALTER TABLE person RENAME COLUMN scope TO role;
UPDATE person SET role = CASE role WHEN 'read' THEN 'viewer' WHEN 'operate' THEN 'operator'
                                   WHEN 'admin' THEN 'owner' ELSE role END;
ALTER TABLE person ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE person ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
-- Who it is at the identity provider; such a person has no password here.
ALTER TABLE person ADD COLUMN subject TEXT;
-- Sealed secret of the second factor, and keyed hashes of its recovery codes.
ALTER TABLE person ADD COLUMN totp BLOB;
ALTER TABLE person ADD COLUMN recovery TEXT NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX person_subject ON person (subject) WHERE subject IS NOT NULL;

ALTER TABLE token ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';

-- Signed tokens that are not to be believed any more, until they expire anyway.
CREATE TABLE ended (
    session TEXT PRIMARY KEY NOT NULL,
    expires TEXT NOT NULL
) STRICT;

-- Names are unique in their tenant only, which needs a new table; what was seen goes aside meanwhile, because dropping
-- the old one would take it along.
CREATE TABLE device_seen_aside AS SELECT * FROM device_seen;
DROP TABLE device_seen;

CREATE TABLE device_new (
    id            TEXT PRIMARY KEY NOT NULL,
    tenant        TEXT NOT NULL DEFAULT '',
    name          TEXT NOT NULL COLLATE NOCASE,
    fqdn          TEXT,
    labels        TEXT NOT NULL,
    blocked       INTEGER NOT NULL,
    cira_user     TEXT,
    cira_verifier BLOB,
    certificate   TEXT UNIQUE,
    amt_user      TEXT,
    amt_sealed    BLOB,
    profile       TEXT NOT NULL,
    added         TEXT NOT NULL,
    UNIQUE (tenant, name)
) STRICT;
INSERT INTO device_new (id, name, fqdn, labels, blocked, cira_user, cira_verifier, certificate, amt_user,
                        amt_sealed, profile, added)
     SELECT id, name, fqdn, labels, blocked, cira_user, cira_verifier, certificate, amt_user,
            amt_sealed, profile, added FROM device;
DROP TABLE device;
ALTER TABLE device_new RENAME TO device;

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
INSERT INTO device_seen SELECT * FROM device_seen_aside;
DROP TABLE device_seen_aside;
