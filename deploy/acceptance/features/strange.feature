Feature: Coins that come in strange ways
  Not every payment is a plain transaction in the right coin.

  @peer:contract-wallet @row:surplus.told
  Scenario: ether from within a contract is seen by the books, and does not stop payments
    Given a locked ETH→BTC quote
    And the node of ethereum shows nothing but transactions
    When a contract pays the amount from within
    Then operators are told of "more than the books"
    And payments on ethereum are not halted
    And the swap waits for its deposit

  @peer:contract-wallet
  Scenario: a swap goes on though ether came from within a contract
    Given a locked ETH→BTC quote
    When a contract pays the amount from within
    And the user pays the amount
    Then the swap settles in full

  @peer:wrong-asset @row:wrong_asset @row:wrong_asset.yes
  Scenario: tokens sent to the coin's address touch nothing and go back when their owner says so
    Given a locked ETH→BTC quote
    When somebody sends tokens to the deposit address
    Then 1 deposit is wrong_asset
    And the user is told "can be refunded to the refund address"
    And the swap waits for its deposit
    And the owner says yes to its refund
    And 1 deposit is refunded
    And the user pays the amount
    And the swap settles in full

  @peer:wrong-asset @row:wrong_asset @row:wrong_asset.yes
  Scenario Outline: a coin sent on the wrong chain touches nothing and goes back when its owner says so, <from>→<to>
    Given a locked <from>→<to> quote
    When somebody pays the deposit address on a chain whose addresses look the same
    Then 1 deposit is wrong_asset
    And the user is told "is yours to pay, and what the refund costs beyond it Ferry pays"
    And the swap waits for its deposit
    And somebody says yes to its refund with a wrong secret and is refused
    And the owner says yes to its refund
    And 1 deposit is refunded
    And the user pays the amount
    And the swap settles in full
    And 1 deposit is counted

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:wrong-asset @row:wrong_asset.kept
  Scenario: a coin sent on the wrong chain is kept for its owner and does not delay the swap
    Given a locked BTC→ETH quote
    When somebody pays the deposit address on a chain whose addresses look the same
    And the user pays the amount
    Then the swap settles in full
    And 1 deposit is wrong_asset
    And the next to act is the user
    And 3000 minutes pass
    And the user is told "Reminder: a deposit in another asset"
    And nothing is refunded

  @peer:wrong-displayed-state @row:deposit.gone
  Scenario: a swap that goes back to waiting says so, and why
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the next to act is the chain
    And the sender spends the deposit's coins on something else
    Then the user is told "is gone from its chain"
    And the next to act is the user

  @peer:wrong-displayed-state @row:refund.told
  Scenario: a refund says why it is one
    Given a locked BTC→ETH quote
    When the user pays 150 %
    Then the user is told "is over: a refund of"
    And the swap is refunded because of deposit_over
    And the next to act is nobody
