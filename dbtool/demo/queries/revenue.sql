SELECT to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, sum(total)::text AS revenue
FROM public.orders
WHERE status <> 'cancelled'
GROUP BY 1
ORDER BY 1
