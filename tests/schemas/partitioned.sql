-- Range, list, hash, two levels, a default, an expression in the key, keys to and from partitioned tables, a
-- leaf's own constraint and index, and leaves whose columns stand in another order.
CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id int REFERENCES account,
    happened_on date NOT NULL,
    country text NOT NULL,
    note text,
    PRIMARY KEY (id, happened_on, country),
    CONSTRAINT event_id_positive CHECK (id > 0)
) PARTITION BY RANGE (happened_on);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (country);
CREATE TABLE event_2025_nordic PARTITION OF event_2025 FOR VALUES IN ('NO', 'SE');
CREATE TABLE event_2025_rest PARTITION OF event_2025 DEFAULT;
CREATE TABLE event_later (
    happened_on date NOT NULL, dropped int, note text, country text NOT NULL, account_id int, id bigint NOT NULL,
    CONSTRAINT event_id_positive CHECK (id > 0)
);
ALTER TABLE event_later DROP COLUMN dropped;
ALTER TABLE event ATTACH PARTITION event_later DEFAULT;
ALTER TABLE event_2024 ADD CONSTRAINT event_2024_note CHECK (note <> '');
CREATE UNIQUE INDEX event_2024_note_key ON event_2024 (note);

CREATE TABLE receipt (
    id int PRIMARY KEY, event_id bigint, event_on date, event_country text,
    CONSTRAINT receipt_event FOREIGN KEY (event_id, event_on, event_country) REFERENCES event
);
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE answer (id int, mood mood NOT NULL) PARTITION BY HASH (mood);
CREATE TABLE answer_0 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE answer_1 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE login (email text NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (lower(email), at);
CREATE TABLE login_all PARTITION OF login FOR VALUES FROM (MINVALUE, MINVALUE) TO (MAXVALUE, MAXVALUE);
-- each partition with a foreign key of its own, as older schemas have it
CREATE TABLE payment (id int, account_id int, month int NOT NULL) PARTITION BY LIST (month);
CREATE TABLE payment_1 PARTITION OF payment FOR VALUES IN (1);
CREATE TABLE payment_2 PARTITION OF payment FOR VALUES IN (2);
ALTER TABLE payment_1 ADD CONSTRAINT payment_1_account FOREIGN KEY (account_id) REFERENCES account;
ALTER TABLE payment_2 ADD CONSTRAINT payment_2_account FOREIGN KEY (account_id) REFERENCES account;

INSERT INTO account SELECT n, 'account ' || n FROM generate_series(1, 10) AS n;
INSERT INTO event (account_id, happened_on, country, note)
SELECT 1 + n % 10, date '2024-01-01' + n * 10, (ARRAY['NO', 'SE', 'DE', 'FR'])[1 + n % 4], 'note ' || n
FROM generate_series(0, 99) AS n;
INSERT INTO receipt SELECT row_number() OVER (ORDER BY id), id, happened_on, country FROM event;
INSERT INTO answer SELECT n, (ARRAY['sad', 'ok', 'happy'])[1 + n % 3]::mood FROM generate_series(1, 30) AS n;
INSERT INTO login SELECT 'User' || n || '@Shop.invalid', timestamptz '2024-01-01 00:00+00' + n * interval '1 hour'
FROM generate_series(1, 20) AS n;
INSERT INTO payment SELECT n, 1 + n % 10, 1 + n % 2 FROM generate_series(1, 20) AS n;
