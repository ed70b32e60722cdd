Feature: Too late
  An address is watched for ever: a late deposit always has an outcome.

  @peer:deposit-after-expiry @row:on_late.refund @row:late @row:expire
  Scenario Outline: a deposit five minutes late goes back, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for late deposits is refund
    When the time to deposit is over
    Then the swap expires within 5 minutes
    When the user pays the amount 5 minutes too late
    Then the swap is refunded because of deposit_late
    And 1 deposit is late
    And nothing is paid out

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:deposit-after-expiry @row:on_late.refund @row:late
  Scenario: a deposit a day late goes back
    Given a locked BTC→ETH quote
    When the user pays the amount 1440 minutes too late
    Then the swap is refunded because of deposit_late
    And nothing is paid out

  @peer:deposit-after-expiry @row:late.seen_in_time
  Scenario: a deposit seen in time may confirm after the quote's expiry
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit is seen
    And the time to deposit is over
    And blocks come again on bitcoin
    Then the swap settles in full
    And the swap never expired

  @peer:deposit-after-expiry @row:late.block_time
  Scenario: a deposit mined in time counts even where nobody saw it then
    Given a locked ETH→BTC quote
    When the deposit's hot wallet is killed
    And the user pays the amount
    And the time to deposit is over
    And the deposit's hot wallet is started again
    Then the swap settles in full
    And 1 deposit is counted

  @row:late.confirm_by @row:deadline.confirm_by
  Scenario: a deposit that is not confirmed by the published limit is late
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit is seen
    And the time to confirm is over
    Then the swap expires within 5 minutes
    When blocks come again on bitcoin
    Then the swap is refunded because of deposit_late
    And nothing is paid out

  Scenario: a late rest goes back, and so does what came in time
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 60 %
    And the deposit is seen
    And the user pays the rest 2 minutes too late
    And blocks come again on bitcoin
    Then the swap is refunded because of deposit_short
    And 1 deposit is short
    And 1 deposit is extra
    And 2 deposits are refunded
    And nothing is paid out

  @row:expire
  Scenario Outline: a swap that nobody pays expires, <from>→<to>
    Given a locked <from>→<to> quote
    When a swap is made of it
    And the time to deposit is over
    Then the swap expires within 5 minutes
    And the next to act is nobody
    And the user is told "Please don't send one now"

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:on_extra.refund @row:extra
  Scenario: two late deposits both go back
    Given a locked ETH→BTC quote
    When the user pays the amount 5 minutes too late
    And the swap is refunded because of deposit_late
    And the user pays 80 %
    Then 1 deposit is late
    And 1 deposit is extra
    And 2 deposits are refunded

  @row:on_late.requote @peer:deposit-after-expiry
  Scenario Outline: a late deposit is honoured while the market is within the tolerance, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for late deposits is requote
    And a tolerance of 300 basis points
    When the user pays the amount 5 minutes too late
    Then the swap settles for what came, 300 basis points below the locked rate at most
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:on_late.locked_rate @peer:deposit-after-expiry
  Scenario: a late deposit has the locked rate though the market has fallen a little
    Given a locked BTC→ETH quote
    And the policy for late deposits is requote
    And a tolerance of 500 basis points
    When the time to deposit is over
    And the market falls by 3 %
    And the user pays the amount 5 minutes too late
    Then the swap settles in full

  @row:requote.beyond_tolerance @row:requote.refused_asks @row:answer.refund @peer:deposit-after-expiry
  Scenario: a late deposit is asked about where the market has moved away
    Given a locked BTC→ETH quote
    And the default policy
    When the time to deposit is over
    And the market falls by 5 %
    And the user pays the amount 5 minutes too late
    Then the swap is held because of deposit_late
    When the user answers refund
    Then the swap is refunded because of deposit_late

  @row:on_late.ask @row:answer.requote
  Scenario: whoever wants to be asked about a late deposit is asked
    Given a locked BTC→ETH quote
    And the policy for late deposits is ask
    When the user pays the amount 5 minutes too late
    Then the swap is held because of deposit_late
    And the next to act is the user
    When the user answers requote
    Then the swap settles for what came, 900 basis points below the locked rate at most
