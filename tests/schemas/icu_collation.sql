-- Collations by which texts that differ are equal; needs a server built with ICU.
CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE dish (id int PRIMARY KEY, name text COLLATE careless UNIQUE, maker text, cook text COLLATE "C");
CREATE UNIQUE INDEX dish_maker ON dish (maker COLLATE careless, id);
INSERT INTO dish VALUES (1, 'Crème', 'Ann', 'a'), (2, 'crepe', 'ann', 'A');
