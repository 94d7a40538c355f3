-- One for every order that went through.
INSERT INTO public.payments (id, order_id, method, card_last4, iban, provider_reference, amount, paid_at)
OVERRIDING SYSTEM VALUE
SELECT row_number() OVER (ORDER BY id), id, method,
    CASE WHEN method = 'card' THEN pg_temp.digits(a, 4) END,
    CASE WHEN method = 'direct_debit' THEN pg_temp.iban(pg_temp.hash(customer_id, %(salt)s + 1)) END,
    'pay_' || to_hex(a) || to_hex(id),
    total,
    placed_at + interval '1 second' * mod(a >> 20, 600)
FROM (
    SELECT id, customer_id, total, placed_at, a,
        CASE WHEN mod(a >> 50, 100) < 78 THEN 'card' WHEN mod(a >> 50, 100) < 87 THEN 'direct_debit' ELSE 'invoice' END AS method
    FROM (
        SELECT id, customer_id, total, placed_at, pg_temp.hash(id, %(salt)s) AS a
        FROM public.orders
        WHERE status NOT IN ('pending', 'cancelled')
        OFFSET 0
    ) AS drawn
    OFFSET 0
) AS row
ORDER BY id;
