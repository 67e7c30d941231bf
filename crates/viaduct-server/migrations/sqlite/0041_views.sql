-- Views of the list of devices that people have saved for themselves.

CREATE TABLE saved_view (
    person  TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    query   TEXT NOT NULL,
    changed TEXT NOT NULL,
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
