-- One customer as somebody in staging would look them up; a column's name is what the reader sees.
SELECT
    customer.customer_no AS "customer no.",
    customer.full_name AS "name",
    customer.company,
    customer.email AS "e-mail",
    customer.phone,
    customer.birth_date::text AS "born",
    address.street,
    address.postcode || ' ' || address.city AS "town",
    address.country,
    profile.data #>> '{contacts,0,name}' AS "profile: contact",
    profile.data #>> '{contacts,0,phone}' AS "profile: their phone",
    profile.data #>> '{preferences,theme}' AS "profile: theme",
    orders.count::text AS "orders",
    orders.lines::text AS "their lines",
    orders.total::text AS "spent"
FROM public.customers AS customer
LEFT JOIN public.addresses AS address ON address.id = customer.id
LEFT JOIN public.profiles AS profile ON profile.customer_id = customer.id
CROSS JOIN LATERAL (
    SELECT count(*), sum(total) AS total,
        sum((SELECT count(*) FROM public.order_items AS line WHERE line.order_id = placed.id)) AS lines
    FROM public.orders AS placed
    JOIN public.addresses AS shipping ON shipping.id = placed.shipping_address_id
    WHERE placed.customer_id = customer.id
) AS orders
WHERE customer.id = %(id)s
