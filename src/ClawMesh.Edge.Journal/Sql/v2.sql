-- Schema 2 of edge.db: frames of every origin with what makes them verifiable, and what is known about each origin.
-- Run in one transaction, on schema 1 or on a file that has just got it. EdgeDatabase adds the hashes of the frames it takes over.

ALTER TABLE frames RENAME TO frames_of_schema_1;

-- Texts of unbounded length come last: columns behind them would cost a walk through overflow pages.
CREATE TABLE frames (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    frame_id    TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    shelf       INTEGER NOT NULL,          -- class (0 bulk, 1 control, 2 safety), plus 3 where there is an epoch
    epoch       TEXT,
    seq         INTEGER NOT NULL,
    ts          INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    id_hash     TEXT,                      -- where there is no epoch: 32 hex digits of SHA-256 over frame_id
    bytes       INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    json        TEXT    NOT NULL
);

-- What schema 1 kept carries no epoch, and no more than 20,000 of those are kept; the oldest would go with the next batch anyway.
INSERT INTO frames (id, frame_id, source, shelf, epoch, seq, ts, received_ms, id_hash, bytes, kind, json)
SELECT id, frame_id, source, 0, NULL, 0, ts, ts, NULL, length(CAST(json AS BLOB)), kind, json
FROM frames_of_schema_1 WHERE id > (SELECT coalesce(max(id), 0) - 20000 FROM frames_of_schema_1) ORDER BY id;

DROP TABLE frames_of_schema_1;
DROP TABLE frame_totals;

-- An id is its origin's own affair: nobody takes the place of another's frame by using its id.
CREATE UNIQUE INDEX frames_by_id ON frames (source, frame_id);

-- Ranges of an origin's life, its head, and the proof that a number is used once.
CREATE UNIQUE INDEX frames_signed ON frames (source, epoch, seq) WHERE epoch IS NOT NULL;

-- Digests by time read no row; frames are then asked for by hash, of which there may be one for each origin.
CREATE INDEX frames_classic ON frames (ts, id_hash, source) WHERE epoch IS NULL;
CREATE INDEX frames_by_hash ON frames (id_hash) WHERE epoch IS NULL;

-- Oldest first for one origin and class: for thinning out, and for what this node still has to tell.
CREATE INDEX frames_shelf ON frames (source, shelf, id, ts);
CREATE INDEX frames_age ON frames (shelf, received_ms);

-- One row for each origin and shelf, kept in step by the writer: counting the frames at every start would cost more than all else together.
CREATE TABLE frame_groups (
    source TEXT    NOT NULL,
    shelf  INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    PRIMARY KEY (source, shelf)
) WITHOUT ROWID;

INSERT INTO frame_groups (source, shelf, stored, bytes) SELECT source, shelf, count(*), sum(bytes) FROM frames GROUP BY source, shelf;

-- What is known of each life of an origin; noted orders origins by when they were last heard of.
CREATE TABLE frame_knowledge (
    source  TEXT    NOT NULL,
    epoch   TEXT    NOT NULL,
    highest INTEGER NOT NULL,
    noted   INTEGER NOT NULL,
    ranges  TEXT    NOT NULL,
    PRIMARY KEY (source, epoch)
) WITHOUT ROWID;
