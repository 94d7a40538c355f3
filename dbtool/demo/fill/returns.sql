-- They take the odd numbers of those that tickets draw from, too; refunds count down.
INSERT INTO public.returns (id, case_no, refund_no, order_id, reason, refund_to)
OVERRIDING SYSTEM VALUE
SELECT i, 100001 + 2 * i, 10000000 - i, 1 + mod(a, %(orders)s),
    CASE WHEN mod(a >> 40, 3) > 0 THEN pg_temp.pick(ARRAY['Too small', 'A gift for my sister, who has one', 'Arrived late'], a >> 44) END,
    CASE WHEN mod(a >> 50, 2) = 0 THEN pg_temp.iban(a) END
FROM (
    SELECT i, pg_temp.hash(i, %(salt)s) AS a
    FROM generate_series(1, greatest(4, %(customers)s::bigint / 16)) AS i
    OFFSET 0
) AS row
ORDER BY i;
