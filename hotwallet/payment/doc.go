// Package payment turns orders into transactions that pay exactly once.
//
// Orders takes them off the topic and stores one payment each. Engine moves each
// payment along: plan, sign, hand in. What it decided is stored before the next
// outside effect, so after a crash it goes on where it stood:
//
//	queued, no attempt   nothing happened outside: plan
//	queued, planned      the signer may have signed: ask again with the same plan,
//	                     it answers with the same bytes; where a deposit is gone, or
//	                     nobody vouches for it, recall the plan: it answers with what it has
//	                     signed, or that it never will, and then the plan is given up
//	signed               a node may have the bytes: hand in the same bytes
//	broadcast            hand them in again, ever more rarely, until a block has it;
//	                     where that takes long, plan another attempt that offers more
//
// On chains of the UTXO family those that come within a window may be paid by one
// transaction, a batch: the oldest first, up to 100, each bearing an equal share of the fee.
// What can't be attested, authorised or funded waits by itself, and so is the refund of a
// coin in another chain's form paid.
//
// It promises that nothing is signed first for a deposit that is not confirmed at that
// moment in our own book and attested by attestd from a node of its own, and goes on
// by itself when it is again; that what is signed is handed in and raised, whatever becomes of
// its deposit or of the signer's answer; that all that is ever signed for a batch spends the same, so
// that whatever crashes or repeats, at most one transaction can pay it; that nothing is planned, signed or
// handed in while the chain is halted; and that a payment which stands still says
// why in its reason. Blocks are package watch's: it moves payments on from
// broadcast, and back after a reorganisation. A fee is in the chain's own asset, whatever
// is paid; a payment that lacks either says which.
//
// It imports swap, swap/bus and hotwallet/chain.
package payment
