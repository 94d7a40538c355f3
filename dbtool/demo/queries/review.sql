-- A review in which its author left an e-mail address.
SELECT review.id, review.body, author.email
FROM public.reviews AS review
JOIN public.customers AS author ON author.id = review.customer_id
WHERE strpos(review.body, author.email) > 0
ORDER BY review.id
LIMIT 1
