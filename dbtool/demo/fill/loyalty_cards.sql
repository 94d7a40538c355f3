INSERT INTO public.loyalty_cards (card_no, tenant_id, customer_no, points)
SELECT 'L' || lpad(id::text, 9, '0'), tenant_id, customer_no, mod(pg_temp.hash(id, %(salt)s), 5000)
FROM public.customers
WHERE mod(id, 16) = 1
ORDER BY id;
