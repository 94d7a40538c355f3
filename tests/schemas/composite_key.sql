-- Composite keys: shared columns, MATCH FULL, references to UNIQUE, types that differ, two schemas, no key at all.
CREATE SCHEMA sales;
CREATE TABLE tenant (id int PRIMARY KEY, code varchar(8) NOT NULL UNIQUE);
CREATE TABLE customer (
    tenant_id int REFERENCES tenant, id int, email text NOT NULL,
    PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, email)
);
CREATE TABLE sales.customer (
    tenant_id int NOT NULL, id bigint NOT NULL, tenant_code text REFERENCES tenant (code),
    PRIMARY KEY (id, tenant_id),
    CONSTRAINT same_customer FOREIGN KEY (tenant_id, id) REFERENCES public.customer
);
CREATE TABLE sales.invoice (
    tenant_id int NOT NULL, number int NOT NULL, customer_id int, payer_tenant int, payer_id int,
    PRIMARY KEY (tenant_id, number),
    CONSTRAINT invoice_customer FOREIGN KEY (tenant_id, customer_id) REFERENCES public.customer,
    CONSTRAINT invoice_payer FOREIGN KEY (payer_tenant, payer_id) REFERENCES public.customer MATCH FULL
);
CREATE TABLE sales.invoice_item (
    tenant_id int, number int, position smallint, article text,
    PRIMARY KEY (tenant_id, number, position),
    FOREIGN KEY (tenant_id, number) REFERENCES sales.invoice ON DELETE CASCADE
);
CREATE TABLE visit (tenant_id int, customer_email text, at timestamptz,
    FOREIGN KEY (tenant_id, customer_email) REFERENCES customer (tenant_id, email));
CREATE TABLE orphan (tenant_id int);

INSERT INTO tenant SELECT n, 'T' || n FROM generate_series(1, 3) AS n;
INSERT INTO customer SELECT t, n, 'c' || n || '@shop.invalid' FROM generate_series(1, 3) AS t, generate_series(1, 20) AS n;
INSERT INTO sales.customer SELECT tenant_id, id, 'T' || tenant_id FROM customer WHERE id <= 10;
INSERT INTO sales.invoice
SELECT 1 + n % 3, n, NULLIF(1 + n % 20, 7), CASE WHEN n % 2 = 0 THEN 1 END, CASE WHEN n % 2 = 0 THEN 1 + n % 20 END
FROM generate_series(1, 60) AS n;
INSERT INTO sales.invoice_item
SELECT i.tenant_id, i.number, p, 'article ' || p FROM sales.invoice AS i, generate_series(1, 3) AS p;
INSERT INTO visit SELECT 1 + n % 3, CASE WHEN n % 5 > 0 THEN 'c' || (1 + n % 20) || '@shop.invalid' END, 'epoch'
FROM generate_series(1, 40) AS n, generate_series(1, 2);
INSERT INTO orphan VALUES (1), (99);
ALTER TABLE orphan ADD CONSTRAINT orphan_tenant FOREIGN KEY (tenant_id) REFERENCES tenant NOT VALID;
