-- NAME: RECOVERY
SELECT r.chain, r.began, r.until, c.height, r.started_at, r.finished_at
FROM hotwallet.recovery r LEFT JOIN hotwallet.cursor c USING (chain) WHERE r.chain = $1
