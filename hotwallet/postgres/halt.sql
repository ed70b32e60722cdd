-- HALT
-- The first reason stays until somebody resumes.
INSERT INTO halt (chain, reason, actor) VALUES ($1, $2, $3) ON CONFLICT (chain) DO NOTHING

-- STAFF_ACTION
INSERT INTO staff_action (actor, action, target, reason) VALUES ($1, $2, $3, $4)
