Feature: Daemons that die and records that come again
  Nothing is lost and nothing is paid twice, whatever crashes or repeats.

  @row:told_twice
  Scenario Outline: records that come again change nothing, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays 60 %
    And pays the rest after 5 minutes
    And the swap settles in full
    And all that was ever told is told again
    Then the user is told nothing new
    And the swap is settled

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:told_twice
  Scenario: records that come again in the middle change nothing
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the deposit is confirmed
    And all that was ever told is told again
    Then the user is told nothing new
    When the user pays the rest
    Then the swap settles in full

  Scenario Outline: the state machine is down while the deposit confirms, <from>→<to>
    Given a locked <from>→<to> quote
    When swapd is killed
    And the user pays the amount
    And 10 minutes pass
    And swapd is started again
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  Scenario Outline: the hot wallet is down while the deposit confirms, <from>→<to>
    Given a locked <from>→<to> quote
    When the deposit's hot wallet is killed
    And the user pays the amount
    And 10 minutes pass
    And the deposit's hot wallet is started again
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  Scenario: the payout's hot wallet dies with the payout on its way
    Given a locked ETH→BTC quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the payout is sent
    And the payout's hot wallet is killed
    And bitcoin makes 2 blocks
    And the payout's hot wallet is started again
    And blocks come again on bitcoin
    Then the swap settles in full

  @row:parked
  Scenario: a deposit that is told before its swap waits for it
    Given a locked BTC→ETH quote
    And the gateway dies before it tells of the swap
    When the user pays the amount
    And 10 minutes pass
    And gatewayd is started again
    Then the swap settles in full

  @peer:provider-fails
  Scenario Outline: a locked price is kept though its provider dies, <from>→<to>
    Given a locked <from>→<to> quote
    When a swap is made of it
    And liquidityd is killed
    And the user pays the amount
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  Scenario Outline: the daemons crash at every other step, <from>→<to>
    Given a locked <from>→<to> quote
    When the daemons crash again and again
    And the user pays 60 %
    And pays the rest after 5 minutes
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  Scenario: the daemons crash while everything goes back
    Given a locked BTC→ETH quote
    When the daemons crash again and again
    And the user pays 40 % 5 minutes too late
    Then the swap is refunded because of deposit_late

  @peer:lost-client-state
  Scenario: a wallet that lost its state has its swap back by the same request
    Given a locked BTC→ETH quote
    When a swap is made of it
    And the user loses all state and sends the same request again
    And the user pays the amount
    Then the swap settles in full

  @peer:lost-client-state
  Scenario: a wallet that lost everything has its coins back without doing anything
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the time to deposit is over
    Then the swap is refunded because of deposit_short
