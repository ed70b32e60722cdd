Feature: Dust
  Advertisers send dust to every fresh address. It can't advance, fail or delay a swap.

  @peer:dust @row:dust
  Scenario Outline: dust before the deposit touches nothing, <from>→<to>
    Given a locked <from>→<to> quote
    When advertisers send 3 dust deposits
    And 3 deposits are dust
    Then the swap waits for its deposit
    When the user pays the amount
    Then the swap settles in full
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:dust @row:dust
  Scenario: a hundred dust deposits touch nothing
    Given a locked BTC→ETH quote
    When advertisers send 100 dust deposits
    And the user pays the amount
    Then the swap settles in full
    And 100 deposits are dust
    And nothing is refunded

  @peer:dust @row:dust
  Scenario: dust between two parts touches nothing
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And advertisers send 5 dust deposits
    And pays the rest after 5 minutes
    Then the swap settles in full
    And 5 deposits are dust

  @peer:dust @row:dust
  Scenario: dust does not keep a swap from expiring
    Given a locked BTC→ETH quote
    When advertisers send 2 dust deposits
    And the time to deposit is over
    Then the swap expires within 5 minutes
    And 2 deposits are dust
    And nothing is refunded

  @peer:dust @row:dust
  Scenario: dust after the end changes nothing
    Given a locked ETH→BTC quote
    When the user pays the amount
    And the swap settles in full
    And advertisers send 2 dust deposits
    Then 2 deposits are dust
    And the swap is settled
    And nothing is refunded

  @peer:refund-below-fee @row:dust.refund_fee
  Scenario Outline: what a refund's fee would eat up is dust, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays just more than dust
    Then 1 deposit is dust
    And the swap waits for its deposit
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:refund-below-fee
  Scenario Outline: a quote whose refund would be dust is refused with the limit, <from>→<to>
    Given a user asks for a <from>→<to> quote of less than a refund is worth
    Then the quote is refused with the least that is taken

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:dust.never_the_quote
  Scenario: the quoted amount is never dust, even where it is late
    Given a locked BTC→ETH quote
    When a swap is made of it
    And the dust threshold of bitcoin becomes 2000 times as much
    And the user pays the amount 5 minutes too late
    Then the swap is refunded because of deposit_late

  Scenario: the quoted amount counts whatever the dust threshold has become
    Given a locked BTC→ETH quote
    When a swap is made of it
    And the dust threshold of bitcoin becomes 2000 times as much
    And the user pays the amount
    Then the swap settles in full
    And 1 deposit is counted

  @row:dust.risen
  Scenario: nothing waits for a deposit that has become dust
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 60 %
    And the swap waits for confirmations
    And the dust threshold of bitcoin becomes 2000 times as much
    And bitcoin makes 1 block
    Then the swap waits for its deposit
