-- With suppliers, who sign them by their first contact. Their numbers are those that documents leave free.
INSERT INTO public.contracts (id, about_kind, about_id, title, body, signed_by, signed_on)
OVERRIDING SYSTEM VALUE
SELECT 2 * supplier.id - 1, 'supplier', supplier.id, 'Supply of ' || mod(a, 900) || ' pallets', NULL,
    contact.first_name || ' ' || contact.last_name,
    date '2023-01-01' + mod(a >> 12, 900)::int
FROM (SELECT i, pg_temp.hash(i, %(salt)s) AS a FROM generate_series(1, %(suppliers)s::bigint) AS i OFFSET 0) AS row
JOIN public.suppliers AS supplier ON supplier.id = row.i
JOIN public.supplier_contacts AS contact ON contact.id = supplier.main_contact_id
ORDER BY supplier.id;
