-- Schema 1 of edge.db. PRAGMA user_version says which schema a file has; a newer one is left alone.

-- The actuation journal. Each hash covers every other column of its row and, by prev, every row before it.
CREATE TABLE journal (
    seq         INTEGER PRIMARY KEY,
    type        TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,
    clock_class TEXT    NOT NULL,
    boot        TEXT    NOT NULL,
    actuator    TEXT,
    command_id  TEXT,
    permit_id   TEXT,
    code        TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    prev        BLOB    NOT NULL,
    hash        BLOB    NOT NULL
);

-- Walked backwards per output after a restart, so that a crash loop cannot defeat rest, duty and rate.
CREATE INDEX journal_by_actuator ON journal (actuator, seq) WHERE actuator IS NOT NULL;

-- Together they answer "granted, and no outcome" without reading the whole journal.
CREATE INDEX journal_grants ON journal (seq, command_id) WHERE type = 'decision' AND code = 'OK' AND command_id IS NOT NULL;
CREATE INDEX journal_outcomes ON journal (command_id) WHERE type = 'outcome' AND command_id IS NOT NULL;

-- The replay window: a command id acts at most once, across restarts. A null outcome means: still running.
CREATE TABLE commands (
    command_id TEXT    PRIMARY KEY,
    digest     TEXT    NOT NULL,
    sender     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    outcome    TEXT,
    answer     TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE frames (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    frame_id TEXT    NOT NULL UNIQUE,
    source   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    ts       INTEGER NOT NULL,
    json     TEXT    NOT NULL
);

-- One row, kept in step by the writer: counting 64 MiB of frames at every start would cost more than all else together.
CREATE TABLE frame_totals (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    stored INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
);

INSERT INTO frame_totals (id, stored, bytes) VALUES (1, 0, 0);
