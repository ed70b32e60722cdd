Feature: Payouts and refunds that get stuck or fail
  However often a payment is ordered or handed in, there is one.

  @peer:stuck-payout @row:payment.resent
  Scenario: a payout that the node forgets is handed in again, and arrives once
    Given a locked ETH→BTC quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the payout is sent
    And the node of bitcoin forgets what is in no block
    And blocks come again on bitcoin
    Then the swap settles in full

  @peer:stuck-payout @row:payment.failed
  Scenario: a payout that is mined and fails holds the swap, and people are told
    Given a locked BTC→ETH quote
    And a payout address that refuses payments
    When the user pays the amount
    Then the swap is held because of payout_failed
    And the next to act is support

  @peer:stuck-payout @row:halt.pays_nothing
  Scenario Outline: a payout waits while its chain is halted, and is made after it, <from>→<to>
    Given a locked <from>→<to> quote
    And an operator halts payments on the payout's chain
    When the user pays the amount
    And the swap is queued for payout
    And 10 minutes pass
    Then the swap is queued for payout
    And the next to act is ferry
    When an operator resumes payments on the payout's chain
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:halt.pays_nothing
  Scenario: a refund waits while its chain is halted
    Given a locked BTC→ETH quote
    When the user pays the amount but 1 unit
    And an operator halts payments on bitcoin
    And the refund is ordered
    And 10 minutes pass
    Then no refund is sent
    When an operator resumes payments on bitcoin
    Then the swap is refunded because of deposit_short

  @peer:stuck-payout
  Scenario Outline: a payout waits for the signer, <from>→<to>
    Given a locked <from>→<to> quote
    And signerd is killed
    When the user pays the amount
    And the swap is queued for payout
    And signerd is started again
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:stuck-payout
  Scenario: staff has a failed payout made again, which ends as the first while its address refuses it
    Given a locked BTC→ETH quote
    And a payout address that refuses payments
    When the user pays the amount
    And the swap is held because of payout_failed
    And alice of staff orders a retry
    And bob of staff approves it
    Then the swap is held because of payout_failed
    And the next to act is support
