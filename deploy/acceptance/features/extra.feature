Feature: A second deposit
  People pay twice, and reuse an old address a day later.

  @peer:two-deposits @row:on_extra.refund @row:extra
  Scenario Outline: a second deposit goes back, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for extra deposits is refund
    When the user pays the amount
    And the swap settles in full
    And the user pays the amount
    Then 1 deposit is extra
    And 1 deposit is refunded
    And the swap is settled

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:two-deposits @row:on_extra.refund @row:extra
  Scenario: the exact amount sent twice settles once and goes back once
    Given a locked BTC→ETH quote
    When the user pays the amount
    And the user pays the amount
    Then the swap settles in full
    And 1 deposit is counted
    And 1 deposit is extra
    And 1 deposit is refunded

  @peer:two-deposits @row:on_extra.refund @row:extra
  Scenario: a wallet that reuses the address a day later has its coins back
    Given a locked BTC→ETH quote
    When the user pays the amount
    And the swap settles in full
    And 1440 minutes pass
    And the user pays 70 %
    Then 1 deposit is extra
    And 1 deposit is refunded

  @peer:two-deposits @row:on_extra.refund @row:extra
  Scenario: two outputs to one address in one transaction are two deposits
    Given a locked BTC→ETH quote
    When the user pays 200 % in 2 outputs at once
    Then the swap settles in full
    And 1 deposit is counted
    And 1 deposit is extra
    And 1 deposit is refunded

  @row:on_extra.refund @row:extra
  Scenario: a deposit after a refund goes back too
    Given a locked ETH→BTC quote
    When the user pays the amount but 1 unit
    And the swap is refunded because of deposit_short
    And the user pays the amount
    Then 1 deposit is extra
    And 2 deposits are refunded
    And nothing is paid out

  @row:on_extra.requote @peer:two-deposits
  Scenario Outline: a second deposit is swapped too, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for extra deposits is requote
    And a tolerance of 300 basis points
    When the user pays the amount
    And the swap settles in full
    And the user pays the amount
    Then 1 deposit is extra
    And 2 payouts are paid
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:on_extra.ask
  Scenario: whoever wants to be asked about a second deposit is asked
    Given a locked BTC→ETH quote
    And the policy for extra deposits is ask
    When the user pays the amount
    And the swap settles in full
    And the user pays 50 %
    And the user is asked about a deposit
    And the user answers refund
    Then 1 deposit is extra
    And 1 deposit is refunded
    And the swap is settled
