INSERT INTO public.settlements_of_the_marketplace_with_sellers_by_payment_provider
    (seller_no, month, "Empfänger:in der monatlichen Überweisung aus Händlervertrag:", iban, amount)
SELECT seller, (date '2025-01-01' + interval '1 month' * n)::date,
    pg_temp.pick(pg_temp.first_names(), a) || ' ' || pg_temp.pick(pg_temp.last_names(), a >> 20),
    pg_temp.iban(a),
    1000 + mod(pg_temp.hash(12 * seller + n, %(salt)s + 1), 900000) / 100.0
FROM (SELECT i AS seller, pg_temp.hash(i, %(salt)s) AS a FROM generate_series(1, %(suppliers)s::int) AS i OFFSET 0) AS row,
    generate_series(0, 11) AS n
ORDER BY seller, n;
