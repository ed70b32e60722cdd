-- +goose Up
-- One hotwalletd per chain is active; its token grows with every new holder.
-- Every transaction that writes takes the chain's advisory lock first and checks
-- the token, so that a stalled process can't write after its successor.
CREATE TABLE lease (
    chain       text PRIMARY KEY,
    token       bigint NOT NULL CHECK (token > 0),
    holder      text NOT NULL,
    acquired_at timestamptz NOT NULL DEFAULT now()
);

-- Every address we can spend from or watch for another reason. Deposit addresses
-- are derived and watched before they are issued, never reused, watched for ever.
CREATE TABLE address (
    chain          text NOT NULL,
    -- Account, branch and index of the BIP32 path (package keys).
    role           integer NOT NULL CHECK (role IN (0, 1)),
    branch         integer NOT NULL CHECK (branch IN (0, 1)),
    idx            integer NOT NULL CHECK (idx >= 0),
    path           text NOT NULL,
    address        text NOT NULL,
    -- pool: waiting; issued: given to swap_id; burnt: never to be given (attestd
    -- knew of it already); hot: treasury's or change.
    state          text NOT NULL CHECK (state IN ('pool', 'issued', 'burnt', 'hot')),
    swap_id        text UNIQUE,
    -- SHA-256 of the terms it was issued for, so that the same swap with other
    -- terms is refused, and the receipt once attestd has signed it.
    terms_hash     text,
    signed_receipt text,
    issued_at      timestamptz,
    PRIMARY KEY (chain, role, branch, idx),
    UNIQUE (chain, address),
    CHECK ((state = 'issued') = (swap_id IS NOT NULL)),
    CHECK ((state = 'issued') = (terms_hash IS NOT NULL)),
    CHECK ((state = 'hot') = (role = 1))
);
CREATE INDEX address_pool ON address (chain, idx) WHERE state = 'pool';

-- The best chain as far as it has been processed, the newest few hundred blocks,
-- and where processing stands. Moved by compare-and-set with all a block caused.
CREATE TABLE cursor (
    chain  text PRIMARY KEY,
    height bigint NOT NULL CHECK (height >= 0),
    hash   text NOT NULL,
    time   timestamptz NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE block (
    chain  text NOT NULL,
    height bigint NOT NULL,
    hash   text NOT NULL,
    parent text NOT NULL,
    time   timestamptz NOT NULL,
    PRIMARY KEY (chain, height)
);

-- Everything that arrived at an address of ours and was not sent by us.
CREATE TABLE deposit (
    -- "<chain>:<txid>:<index>"
    deposit_id   text PRIMARY KEY,
    chain        text NOT NULL,
    txid         text NOT NULL,
    idx          bigint NOT NULL CHECK (idx >= 0),
    address      text NOT NULL,
    asset        text NOT NULL,
    units        numeric(78, 0) NOT NULL CHECK (units > 0),
    -- swap: to an issued address; funding: to treasury's; unattributed: to an
    -- address nobody was given.
    purpose      text NOT NULL CHECK (purpose IN ('swap', 'funding', 'unattributed')),
    swap_id      text NOT NULL DEFAULT '',
    state        text NOT NULL CHECK (state IN ('seen', 'in_block', 'confirmed', 'replaced', 'reorged')),
    first_seen   timestamptz NOT NULL,
    height       bigint,
    block_hash   text,
    block_time   timestamptz,
    confirmed_at timestamptz,
    CHECK ((purpose = 'swap') = (swap_id <> '')),
    CHECK ((state IN ('in_block', 'confirmed')) = (height IS NOT NULL)),
    CHECK ((height IS NULL) = (block_hash IS NULL)),
    CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL))
);
CREATE INDEX deposit_open ON deposit (chain, state) WHERE state IN ('seen', 'in_block');
CREATE INDEX deposit_swap ON deposit (swap_id) WHERE swap_id <> '';
CREATE INDEX deposit_txid ON deposit (txid);

-- Outputs of ours (UTXO chains), in a block of the best chain.
CREATE TABLE coin (
    chain        text NOT NULL,
    txid         text NOT NULL,
    idx          bigint NOT NULL,
    units        numeric(78, 0) NOT NULL CHECK (units > 0),
    address      text NOT NULL,
    path         text NOT NULL,
    coinbase     boolean NOT NULL,
    height       bigint NOT NULL,
    -- The payment that will spend it, from its plan on; for ever, so that no
    -- other payment is ever signed with it.
    reserved_by  text,
    spent_txid   text,
    spent_height bigint,
    PRIMARY KEY (chain, txid, idx),
    CHECK ((spent_txid IS NULL) = (spent_height IS NULL))
);
CREATE INDEX coin_spendable ON coin (chain, height) WHERE spent_txid IS NULL AND reserved_by IS NULL;

-- One outgoing payment per order, whatever happens. version guards every change.
CREATE TABLE payment (
    order_id    text PRIMARY KEY,
    chain       text NOT NULL,
    swap_id     text NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('payout', 'refund')),
    deposit_id  text NOT NULL UNIQUE,
    asset       text NOT NULL,
    units       numeric(78, 0) NOT NULL CHECK (units > 0),
    destination text NOT NULL,
    -- The order as it came, with the signed documents: the signer's authority.
    body        jsonb NOT NULL,
    state       text NOT NULL CHECK (state IN ('queued', 'signed', 'broadcast', 'confirmed', 'final', 'failed')),
    version     bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    -- Why it stands still or failed; '' otherwise.
    reason      text NOT NULL DEFAULT '',
    -- The transaction in the best chain, once there is one.
    txid        text NOT NULL DEFAULT '',
    fee         numeric(78, 0) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    height      bigint,
    block_hash  text,
    -- Mined with failed status: it cost its fee and paid nobody.
    mined_failed boolean NOT NULL DEFAULT false,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((state IN ('confirmed', 'final')) <= (height IS NOT NULL))
);
CREATE INDEX payment_open ON payment (chain, state) WHERE state NOT IN ('final', 'failed');
CREATE INDEX payment_swap ON payment (swap_id);

-- Each transaction made for a payment: planned (stored before the signer is
-- asked), signed (raw bytes stored before any node is told), broadcast (handed
-- in at least once). All attempts of one payment conflict.
CREATE TABLE attempt (
    order_id    text NOT NULL REFERENCES payment (order_id),
    n           integer NOT NULL CHECK (n > 0),
    chain       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('planned', 'signed', 'broadcast')),
    -- The plan (package chain) as JSON, all that the signer needs.
    plan        jsonb NOT NULL,
    fee         numeric(78, 0) NOT NULL CHECK (fee >= 0),
    -- Account chains: the nonce it uses.
    nonce       bigint,
    raw         bytea,
    txid        text,
    planned_at  timestamptz NOT NULL DEFAULT now(),
    signed_at   timestamptz,
    last_sent_at timestamptz,
    -- What the node last said.
    last_answer text NOT NULL DEFAULT '',
    PRIMARY KEY (order_id, n),
    CHECK ((state = 'planned') = (raw IS NULL)),
    CHECK ((raw IS NULL) = (txid IS NULL))
);
CREATE UNIQUE INDEX attempt_txid ON attempt (chain, txid);

-- The account that pays on an account chain: nonces are ours to give, without a gap.
CREATE TABLE sender (
    chain      text PRIMARY KEY,
    address    text NOT NULL,
    path       text NOT NULL,
    next_nonce bigint NOT NULL CHECK (next_nonce >= 0)
);

-- Chains whose payments stand still. Deposits are watched all the same.
CREATE TABLE halt (
    chain  text PRIMARY KEY,
    reason text NOT NULL CHECK (reason <> ''),
    actor  text NOT NULL CHECK (actor <> ''),
    since  timestamptz NOT NULL DEFAULT now()
);

-- What people (and alarms acting for them) did. Append-only.
CREATE TABLE staff_action (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor  text NOT NULL CHECK (actor <> ''),
    action text NOT NULL CHECK (action <> ''),
    target text NOT NULL,
    reason text NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER staff_action_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_action
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_immutable();

-- The books against the node, at a block: the newest of each chain.
CREATE TABLE reconciliation (
    chain  text PRIMARY KEY,
    height bigint NOT NULL,
    hash   text NOT NULL,
    asset  text NOT NULL,
    book   numeric(78, 0) NOT NULL,
    node   numeric(78, 0) NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
