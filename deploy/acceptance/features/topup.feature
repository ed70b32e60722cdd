Feature: One swap paid in several deposits
  People fund one swap with several transactions. What comes in time adds up to the
  amount that was quoted.

  @row:top_up
  Scenario Outline: a top-up completes the swap, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays 60 %
    And pays the rest after 5 minutes
    Then the swap settles in full
    And 2 deposits are topped_up
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:top_up.told
  Scenario Outline: after a part the user is told what is missing, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays 60 %
    And the deposit is confirmed
    Then the user is told to send the missing 40 %
    When the user pays the rest
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:deposits.by_output
  Scenario: two outputs of one transaction add up
    Given a locked BTC→ETH quote
    When the user pays the amount in 2 outputs at once
    Then the swap settles in full
    And 2 deposits are topped_up

  Scenario: ten small payments add up
    Given a locked ETH→BTC quote
    When the user pays the amount in 10 outputs at once
    Then the swap settles in full
    And 10 deposits are topped_up

  @row:dust.missing_counts
  Scenario: a rest that is small counts if it is exactly what is missing
    Given a locked BTC→ETH quote
    When the user pays all but a small rest
    And the deposit is confirmed
    Then the user is told to send the rest
    When the user pays the rest
    Then the swap settles in full
    And 2 deposits are topped_up

  @row:top_up.whole_beside_parts
  Scenario Outline: a user who loses patience pays the whole amount again, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays 30 %
    And the deposit is confirmed
    And the user pays the amount
    Then the swap settles in full
    And 1 deposit is counted
    And 1 deposit is extra
    And 1 deposit is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:deadline.awaits_rest
  Scenario: a rest that was seen in time may confirm later
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the deposit is confirmed
    And no blocks come on bitcoin
    And the user pays the rest
    And the deposit is seen
    And the time to deposit is over
    And blocks come again on bitcoin
    Then the swap settles in full
    And 2 deposits are topped_up

  @row:top_up.most_parts
  Scenario: a swap is paid in fifty parts at most
    Given a locked BTC→ETH quote
    When the user pays 60 % in 52 outputs at once
    Then 2 deposits are extra
    And 2 deposits are refunded
    And the swap is refunded because of deposit_short
    And 50 deposits are short
