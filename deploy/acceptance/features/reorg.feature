Feature: Reorganisations
  What the chain takes back is public, and nothing is paid on it.

  @peer:reorg @row:reorg.uncount @row:reorg.counted_again
  Scenario: a counted deposit is taken back before its payout is signed, and returns
    Given a locked BTC→ETH quote
    And an operator halts payments on ethereum
    When the user pays the amount
    And the swap is queued for payout
    And no blocks come on bitcoin
    And a reorganisation takes the deposit back, and it returns
    Then the user is told "it is counted again when it is confirmed again"
    When blocks come again on bitcoin
    And the swap is confirmed
    And an operator resumes payments on ethereum
    Then the swap settles in full
    And the swap went through payout_queued, deposit_detected, deposit_confirmed, settled

  @peer:reorg @row:reorg.lost @row:reorg.recovered
  Scenario: a deposit is taken back after its payout, and returns
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And bitcoin makes 3 blocks
    And the swap settles in full
    And a reorganisation takes the deposit back, and it returns
    Then operators are told of "deposit_reorged"
    When blocks come again on bitcoin
    And an operator resumes payments on bitcoin
    And an operator resumes payments on ethereum
    Then the swap settles in full
    And the swap went through settled, held, settled

  @peer:reorg @row:reorg.lost
  Scenario: a deposit that is double-spent after its payout is a loss, and the swap is held
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And bitcoin makes 3 blocks
    And the swap settles in full
    And a reorganisation takes the deposit back, and it is double-spent
    Then the swap is held because of deposit_reorged
    And payments on ethereum are halted because of "a reorganisation has taken it back"
    And the next to act is support

  @peer:reorg @row:reorg.part
  Scenario: a part that the chain takes back is waited for
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 60 %
    And bitcoin makes 3 blocks
    And the user is told to send the missing 40 %
    And a reorganisation takes the deposit back, and it is forgotten
    Then the swap waits for confirmations
    And the next to act is the chain
    When the sender hands the deposit in again
    And blocks come again on bitcoin
    And the user pays the rest
    Then the swap settles in full

  @peer:reorg
  Scenario: a part that the chain takes back is missing again
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 60 %
    And bitcoin makes 3 blocks
    And the deposit is confirmed
    And a reorganisation takes the deposit back, and it returns
    Then the user is told to send the missing 40 %
    And the swap went through deposit_detected, awaiting_deposit, deposit_detected, awaiting_deposit
    When blocks come again on bitcoin
    And the user pays the rest
    Then the swap settles in full
    And 2 deposits are topped_up

  @peer:reorg @row:reorg.held
  Scenario: a counted deposit that never returns holds the swap, and nothing is paid
    Given a locked BTC→ETH quote
    And an operator halts payments on ethereum
    When the user pays the amount
    And the swap is queued for payout
    And no blocks come on bitcoin
    And a reorganisation takes the deposit back, and it is double-spent
    And the time to confirm is over
    Then the swap is held because of deposit_reorged
    And the next to act is support

  @peer:reorg
  Scenario Outline: a deposit in a block is taken back before it is confirmed, <from>→<to>
    Given a locked <from>→<to> quote
    And no blocks come on <chain>
    When the user pays the amount
    And <chain> makes 1 block
    And the deposit is in a block
    And a reorganisation takes the deposit back, and it returns
    And blocks come again on <chain>
    Then the swap settles in full

    Examples:
      | from | to  | chain    |
      | BTC  | ETH | bitcoin  |
      | ETH  | BTC | ethereum |

  @peer:reorg
  Scenario: a deposit that the node forgot is handed in again by its sender
    Given a locked ETH→BTC quote
    And an operator halts payments on bitcoin
    When the user pays the amount
    And the deposit is in a block
    And a reorganisation takes the deposit back, and it is forgotten
    And the sender hands the deposit in again
    And an operator resumes payments on bitcoin
    Then the swap settles in full

  @peer:reorg @row:payment.resent
  Scenario Outline: a payout that the chain takes back is sent again, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays the amount
    And the payout is in a block
    And a reorganisation takes the payout back
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:reorg @row:payment.taken_back
  Scenario: a settled swap whose payout is taken back is paid again, with the same bytes
    Given a locked ETH→BTC quote
    When the user pays the amount
    And the swap settles in full
    And no blocks come on bitcoin
    And a reorganisation takes the payout back
    Then payments on bitcoin are halted because of "a reorganisation has taken it back"
    When an operator resumes payments on bitcoin
    And blocks come again on bitcoin
    Then the swap settles in full
    And the swap went through settled, payout_broadcast, settled

  @row:reorg.too_deep
  Scenario: a reorganisation deeper than is followed halts the chain's payments
    Given a locked ETH→BTC quote
    When a swap is made of it
    And bitcoin makes 8 blocks
    And no blocks come on bitcoin
    And a reorganisation of bitcoin takes 8 blocks back
    Then payments on bitcoin are halted because of "leaves ours more than"
