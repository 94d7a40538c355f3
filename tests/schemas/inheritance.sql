-- Plain inheritance: two parents, rows in each table, a child's own column, checks that are inherited and not.
CREATE TABLE place (id int PRIMARY KEY, name text NOT NULL, CONSTRAINT place_id CHECK (id > 0),
    CONSTRAINT only_here CHECK (id < 1000) NO INHERIT);
CREATE TABLE photographed (photo text);
CREATE TABLE capital (country text) INHERITS (place, photographed);
INSERT INTO place SELECT n, 'place ' || n FROM generate_series(1, 5) AS n;
INSERT INTO capital (id, name, photo, country) SELECT n, 'capital ' || n, 'photo', 'XX' FROM generate_series(2001, 2003) AS n;
INSERT INTO photographed VALUES ('somewhere');
