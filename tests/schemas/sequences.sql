-- Sequences that feed two tables, belong to nobody, count down, cycle, or have another type.
CREATE SEQUENCE shared_id;
CREATE TABLE note (id bigint PRIMARY KEY DEFAULT nextval('shared_id'), body text);
CREATE TABLE task (id bigint PRIMARY KEY DEFAULT nextval('shared_id'), code int DEFAULT (100 + nextval('shared_id')), body text);
CREATE SEQUENCE down INCREMENT BY -2 MINVALUE -100 MAXVALUE -1 START WITH -1 CYCLE;
CREATE SEQUENCE by_hand;
CREATE TABLE counted (id serial PRIMARY KEY, small smallserial, big bigint GENERATED ALWAYS AS IDENTITY, below int DEFAULT nextval('down'));
CREATE TABLE called (id bigint PRIMARY KEY);
ALTER SEQUENCE by_hand OWNED BY called.id;
CREATE SEQUENCE lonely AS smallint MAXVALUE 99 START WITH 5;
INSERT INTO note (body) SELECT 'note ' || n FROM generate_series(1, 5) AS n;
INSERT INTO task (body) SELECT 'task ' || n FROM generate_series(1, 5) AS n;
INSERT INTO counted (below) SELECT nextval('down') FROM generate_series(1, 5);
INSERT INTO called SELECT nextval('by_hand') FROM generate_series(1, 5);
