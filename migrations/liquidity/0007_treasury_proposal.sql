-- +goose Up
-- What treasury is asked to move between the hot wallet and a venue. Nothing acts on it by
-- itself: it ends when the venue is back within its band.
CREATE TABLE treasury_proposal (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    venue     text NOT NULL CHECK (venue <> ''),
    asset     text NOT NULL CHECK (asset <> ''),
    direction text NOT NULL CHECK (direction IN ('deposit', 'withdrawal')),
    -- Base units, as of the newest look.
    units       numeric(78, 0) NOT NULL CHECK (units > 0),
    reason      text NOT NULL CHECK (reason <> ''),
    proposed_at timestamptz NOT NULL,
    ended_at    timestamptz CHECK (ended_at >= proposed_at)
);
CREATE UNIQUE INDEX treasury_proposal_open ON treasury_proposal (venue, asset, direction) WHERE ended_at IS NULL;
