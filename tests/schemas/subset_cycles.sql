-- Tables that refer to one another. A row's label tells it from all others.

CREATE TABLE team (id int PRIMARY KEY, captain int, label text);
CREATE TABLE player (id int PRIMARY KEY, team int REFERENCES team, label text);
INSERT INTO team VALUES (1, 11, 'reds'), (2, 13, 'blues'), (3, 12, 'greens');
INSERT INTO player VALUES (11, 1, 'r1'), (12, 1, 'r2'), (13, 3, 'g1'), (14, 2, 'b1'), (15, NULL, 'free');
ALTER TABLE team ADD FOREIGN KEY (captain) REFERENCES player;

-- NOT NULL both ways
CREATE TABLE country (id int PRIMARY KEY, capital int NOT NULL, label text);
CREATE TABLE city (id int PRIMARY KEY, country int NOT NULL REFERENCES country, label text);
INSERT INTO country VALUES (1, 10, 'dk'), (2, 20, 'no');
INSERT INTO city VALUES (10, 1, 'cph'), (11, 1, 'aarhus'), (20, 2, 'oslo');
ALTER TABLE country ADD FOREIGN KEY (capital) REFERENCES city DEFERRABLE INITIALLY DEFERRED;

-- cycles that overlap: a → b → c → a, b → a, c → b, c → c
CREATE TABLE a (id int PRIMARY KEY, b int, label text);
CREATE TABLE b (id int PRIMARY KEY, c int, a int REFERENCES a, label text);
CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES a, b int REFERENCES b, c int REFERENCES c, label text);
INSERT INTO a VALUES (1, 1, 'a1'), (2, 3, 'a2'), (3, NULL, 'a3'), (4, 4, 'a4');
INSERT INTO b VALUES (1, 1, NULL, 'b1'), (2, NULL, 1, 'b2'), (3, 3, NULL, 'b3'), (4, NULL, 4, 'b4');
INSERT INTO c VALUES (1, 2, NULL, NULL, 'c1'), (2, NULL, 2, NULL, 'c2'), (3, NULL, NULL, 3, 'c3'), (4, 4, 4, 4, 'c4');
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c;
