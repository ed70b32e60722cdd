Feature: Too much
  One 0 too many happens way too often. Nothing of it may be lost.

  @peer:too-much @row:on_over.refund @row:over
  Scenario Outline: ten times the amount goes back, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for over deposits is refund
    When the user pays 10 times the amount
    Then the swap is refunded because of deposit_over
    And 1 deposit is over
    And nothing is paid out

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:too-much @row:on_over.refund @row:over
  Scenario: half as much again goes back
    Given a locked BTC→ETH quote
    When the user pays 150 %
    Then the swap is refunded because of deposit_over
    And nothing is paid out

  @peer:too-much @row:over.all_parts @row:refund.each_deposit
  Scenario: parts that come to too much go back, each by itself
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the deposit is confirmed
    And the user pays 50 %
    Then the swap is refunded because of deposit_over
    And 2 deposits are over
    And 2 deposits are refunded
    And nothing is paid out

  @row:on_over.requote @peer:too-much
  Scenario Outline: what came is swapped where the price is still about the locked one, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for over deposits is requote
    And a tolerance of 300 basis points
    When the user pays 130 %
    Then the swap settles for what came, 300 basis points below the locked rate at most
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:on_over.ask
  Scenario: whoever wants to be asked about too much is asked
    Given a locked BTC→ETH quote
    And the policy for over deposits is ask
    When the user pays 200 %
    Then the swap is held because of deposit_over
    When the user answers refund
    Then the swap is refunded because of deposit_over

  @row:on_over.small_excess @peer:too-much @peer:refund-below-fee
  Scenario: an excess that is not worth sending back is swapped at the locked rate
    Given a locked BTC→ETH quote
    And the policy for over deposits is refund
    When the user pays the amount and 100 units more
    Then the swap settles for what came, 0 basis points below the locked rate at most
    And nothing is refunded
