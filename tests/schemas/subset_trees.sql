-- Tables that refer to themselves. A row's label tells it from all others.

CREATE TABLE chain (id int PRIMARY KEY, above int REFERENCES chain, label text);
INSERT INTO chain SELECT n, nullif(n - 1, 0), n FROM generate_series(1, 10000) n;
CREATE INDEX ON chain (above);

-- two references to itself, and a row that refers to itself
CREATE TABLE person (
    id int PRIMARY KEY, manager int REFERENCES person, mentor int NOT NULL REFERENCES person, label text
);
INSERT INTO person VALUES
    (1, NULL, 1, 'ada'), (2, 1, 1, 'bob'), (3, 1, 4, 'cy'), (4, NULL, 5, 'di'), (5, 4, 5, 'ed'), (6, 2, 1, 'flo'),
    (7, 5, 4, 'gus');
