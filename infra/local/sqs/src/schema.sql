-- Times are milliseconds since 1970.

CREATE TABLE queues (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    settings    TEXT NOT NULL,              -- JSON
    tags        TEXT NOT NULL DEFAULT '{}', -- JSON
    created_at  INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
);

-- The id is the order of a FIFO queue and never used twice: it is the sequence number.
CREATE TABLE messages (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    queue             INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    message_id        TEXT NOT NULL,
    group_id          TEXT,
    deduplication_id  TEXT,
    sent_at           INTEGER NOT NULL,
    enqueued_at       INTEGER NOT NULL,           -- from when the retention period counts
    visible_at        INTEGER NOT NULL,           -- later than now: in flight if ever received, delayed if never
    receive_count     INTEGER NOT NULL DEFAULT 0,
    first_received_at INTEGER,
    source_arn        TEXT,                       -- of a dead letter: the queue it comes from
    trace_header      TEXT,
    attributes        TEXT NOT NULL,              -- JSON
    body              TEXT NOT NULL
);
CREATE INDEX messages_by_visibility ON messages (queue, visible_at, receive_count);
CREATE INDEX messages_by_group ON messages (queue, group_id);
CREATE INDEX messages_received ON messages (queue, group_id, visible_at) WHERE receive_count > 0;
CREATE INDEX messages_by_age ON messages (queue, enqueued_at);

-- The groups of FIFO queues that hold messages, and from when each may give one out. A receive picks groups here instead
-- of looking through the messages behind a blocked one.
CREATE TABLE message_groups (
    queue        INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    group_id     TEXT NOT NULL,
    available_at INTEGER NOT NULL,
    PRIMARY KEY (queue, group_id)
) WITHOUT ROWID;
CREATE INDEX message_groups_by_availability ON message_groups (queue, available_at);

-- What was sent in the last five minutes; outlives the messages.
CREATE TABLE deduplication (
    queue            INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    scope            TEXT NOT NULL, -- the group, or '' where the scope is the queue
    deduplication_id TEXT NOT NULL,
    message_id       TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, deduplication_id)
) WITHOUT ROWID;
CREATE INDEX deduplication_by_expiry ON deduplication (expires_at);

CREATE TABLE move_tasks (
    handle      TEXT PRIMARY KEY,
    source      INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    destination TEXT, -- an ARN; NULL: where each message came from
    started_at  INTEGER NOT NULL,
    moved       INTEGER NOT NULL,
    failure     TEXT
) WITHOUT ROWID;
CREATE INDEX move_tasks_by_source ON move_tasks (source, started_at);
