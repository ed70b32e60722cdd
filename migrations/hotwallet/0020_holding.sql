-- +goose Up
-- What each address of ours holds on an account chain, as the blocks up to the cursor
-- say: credits less what was sent and what it cost. The sum over a chain's addresses is
-- what the books have in wallet and in_flight; reconciliation compares the two. A row
-- below zero is a fault, which has to be seen and not refused: a block can't be left out.
CREATE TABLE holding (
    chain   text NOT NULL,
    address text NOT NULL,
    asset   text NOT NULL,
    units   numeric(78, 0) NOT NULL,
    PRIMARY KEY (chain, address, asset)
);
-- What each kept block changed, so that it can be taken back.
CREATE TABLE holding_change (
    chain   text NOT NULL,
    height  bigint NOT NULL,
    hash    text NOT NULL,
    address text NOT NULL,
    asset   text NOT NULL,
    units   numeric(78, 0) NOT NULL CHECK (units <> 0),
    PRIMARY KEY (chain, height, address, asset)
);

-- What is there already: deposits lie where they came, because none was ever swept, and
-- the sender has the rest of the books.
INSERT INTO holding (chain, address, asset, units)
SELECT d.chain, d.address, d.asset, sum(d.units) FROM deposit d JOIN sender s ON s.chain = d.chain
WHERE d.state IN ('in_block', 'confirmed') AND d.address <> s.address
GROUP BY d.chain, d.address, d.asset;
INSERT INTO holding (chain, address, asset, units)
SELECT s.chain, s.address, a.asset,
    coalesce((SELECT sum(p.units) FROM posting p WHERE p.account IN ('wallet', 'in_flight') AND p.asset = a.asset), 0)
    - coalesce((SELECT sum(h.units) FROM holding h WHERE h.chain = s.chain AND h.asset = a.asset), 0)
FROM sender s JOIN (SELECT DISTINCT chain, asset FROM deposit) a ON a.chain = s.chain;
-- And what the blocks that are kept had changed: deposits, and payments by the sender.
INSERT INTO holding_change (chain, height, hash, address, asset, units)
SELECT b.chain, b.height, b.hash, m.address, m.asset, sum(m.units) FROM block b JOIN sender s ON s.chain = b.chain
CROSS JOIN LATERAL (
    SELECT d.address, d.asset, d.units FROM deposit d
    WHERE d.chain = b.chain AND d.height = b.height AND d.block_hash = b.hash AND d.state IN ('in_block', 'confirmed')
    UNION ALL
    SELECT s.address, p.asset, -p.units FROM payment p
    WHERE p.chain = b.chain AND p.height = b.height AND p.block_hash = b.hash AND NOT p.mined_failed
    UNION ALL
    SELECT s.address, 'ETH', -p.fee FROM payment p -- no other chain had a sender then
    WHERE p.chain = b.chain AND p.height = b.height AND p.block_hash = b.hash
) m
GROUP BY b.chain, b.height, b.hash, m.address, m.asset HAVING sum(m.units) <> 0;
