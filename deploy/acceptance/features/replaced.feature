Feature: Deposits that are replaced, double-spent or forgotten before they confirm
  Unconfirmed deposits are shown and never credited.

  @peer:double-spend @row:deposit.gone
  Scenario: a deposit that its sender spends elsewhere leaves the swap waiting
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the swap waits for confirmations
    And the sender spends the deposit's coins on something else
    Then the swap waits for its deposit
    And nothing is paid out
    When blocks come again on bitcoin
    And the user pays the amount
    Then the swap settles in full

  @peer:double-spend
  Scenario: a deposit that its sender replaces by another counts as what it is then
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 50 %
    And the swap waits for confirmations
    And the sender replaces the deposit by one of the amount
    And blocks come again on bitcoin
    Then the swap settles in full
    And 1 deposit is counted

  @peer:double-spend @row:deposit.gone_late
  Scenario: a deposit that vanishes after the time to deposit leaves the swap expired
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the swap waits for confirmations
    And the time to deposit is over
    And the sender spends the deposit's coins on something else
    Then the swap expires within 5 minutes
    And nothing is paid out

  @peer:double-spend @row:deposit.gone
  Scenario: a deposit that the node forgets is waited for again
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the swap waits for confirmations
    And the node of bitcoin forgets what is in no block
    Then the swap waits for its deposit
    When the sender hands the deposit in again
    And blocks come again on bitcoin
    Then the swap settles in full
    And 1 deposit is counted

  @peer:double-spend
  Scenario: one part is double-spent, the other counts
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the deposit is confirmed
    And no blocks come on bitcoin
    And the user pays the rest
    And the swap waits for confirmations
    And the sender spends the deposit's coins on something else
    Then the user is told to send the missing 40 %
    When blocks come again on bitcoin
    And the user pays the rest
    Then the swap settles in full
