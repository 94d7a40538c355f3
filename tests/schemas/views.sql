-- Views and materialised views whose order of refresh is not the order of their names.
CREATE TABLE sale (id int PRIMARY KEY, amount int NOT NULL);
INSERT INTO sale SELECT n, n * 10 FROM generate_series(1, 10) AS n;
CREATE MATERIALIZED VIEW z_first AS SELECT sum(amount) AS total FROM sale;
CREATE VIEW y_between AS SELECT total * 2 AS twice FROM z_first;
CREATE MATERIALIZED VIEW m_second AS SELECT twice FROM y_between;
CREATE FUNCTION total_of_second() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT twice FROM m_second; END;
CREATE MATERIALIZED VIEW a_third AS SELECT total_of_second() AS total;
CREATE UNIQUE INDEX a_third_total ON a_third (total);
CREATE MATERIALIZED VIEW b_never AS SELECT id FROM sale WITH NO DATA;
