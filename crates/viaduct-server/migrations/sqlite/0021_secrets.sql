-- Secrets that provisioning keeps here instead of in a Vault, by their path. What they say is sealed.
CREATE TABLE secret (
    path TEXT PRIMARY KEY NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL
) STRICT;
