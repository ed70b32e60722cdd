-- +goose Up
-- What staff asked for is written by its two functions only, not by the state machine
-- that decides on it.
REVOKE INSERT, UPDATE, DELETE ON swap.staff_action, swap.staff_approval FROM ferry_swap;
