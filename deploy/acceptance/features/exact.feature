Feature: The exact amount
  What every swap should be: one payment, one payout.

  @row:count.exact
  Scenario Outline: one exact deposit settles the swap, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays the amount
    Then the swap settles in full
    And 1 deposit is counted
    And nothing is refunded
    And the next to act is nobody

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:detect
  Scenario: a deposit is shown while it waits for its confirmations
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    Then the swap waits for confirmations
    And the next to act is the chain
    And nothing is paid out
    When blocks come again on bitcoin
    Then the swap settles in full
    And the swap went through awaiting_deposit, deposit_detected, deposit_confirmed, payout_broadcast, settled

  Scenario: before the deposit the user knows what to do and by when
    Given a locked ETH→BTC quote
    When a swap is made of it
    Then the next to act is the user
    And the user is told "send exactly the quoted amount to the deposit address"

  @peer:exchange-batch
  Scenario: an exchange's batch of many outputs holds one deposit
    Given a locked BTC→ETH quote
    When an exchange pays the amount in a batch of 40 withdrawals
    Then the swap settles in full
    And 1 deposit is counted

  @peer:exchange-batch
  Scenario: one transaction pays two users' swaps
    Given a locked BTC→ETH quote
    And another user makes a swap like it
    When an exchange pays both users in a batch of 12 withdrawals
    Then the swap settles in full
    And the other swap settles in full
