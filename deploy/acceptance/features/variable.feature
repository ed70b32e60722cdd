Feature: A rate that is set when the deposit is seen
  No price is locked. The rate is set at detection, holds for this deposit and for a while, and nothing is paid without one.

  @row:variable.at_detection
  Scenario Outline: a variable deposit is paid at the rate of its detection, <from>→<to>
    Given a variable <from>→<to> quote
    When the user pays 150 %
    Then the deposit's rate is set
    And the swap settles at the rate that was set
    And 1 deposit is counted
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:variable.at_detection
  Scenario: a variable rate holds when the market moves after it was set
    Given a variable BTC→ETH quote
    When the user pays the amount
    And the deposit's rate is set
    And the market rises by 5 %
    Then the swap settles at the rate that was set

  @row:variable.too_old
  Scenario: a variable rate that is too old when its deposit is confirmed is not paid
    Given a variable BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit's rate is set
    And the rate is too old
    And blocks come again on bitcoin
    Then the user is told "is too old"
    And the swap settles for what came, 500 basis points below the locked rate at most

  @row:variable.too_old
  Scenario: whoever waits with a variable rate for the market gets the market's price
    Given a variable BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit's rate is set
    And the market falls by 4 %
    And the rate is too old
    And blocks come again on bitcoin
    Then the swap settles at another rate than was set

  @row:variable.replaced @peer:double-spend
  Scenario: what replaces a variable deposit gets a rate of its own
    Given a variable BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays 80 %
    And the deposit's rate is set
    And the sender replaces the deposit by one of 150 %
    Then the deposit's rate is set
    When blocks come again on bitcoin
    Then the swap settles at the rate that was set
    And 1 deposit is counted

  @row:variable.most_rates @peer:double-spend
  Scenario: whoever replaces a variable deposit again and again gets the price of its confirmation
    Given a variable BTC→ETH quote
    And the market falls by 1 %
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit's rate is set
    And the sender replaces the deposit by one of 110 %
    And the deposit's rate is set
    And the sender replaces the deposit by one of 120 %
    And the deposit's rate is set
    And the sender replaces the deposit by one of 130 %
    Then no rate is set for the deposit
    When the market falls by 3 %
    And blocks come again on bitcoin
    Then the swap settles at another rate than was set
    And the swap settles for what came, 500 basis points below the locked rate at most

  Scenario: a variable rate outlives a reorganisation that its deposit survives
    Given a variable BTC→ETH quote
    When the user pays the amount
    And the deposit's rate is set
    And the deposit is in a block
    And a reorganisation takes the deposit back, and it returns
    Then the swap settles at the rate that was set

  @row:variable.limits
  Scenario: a variable deposit below the least goes back
    Given a variable BTC→ETH quote
    When the user pays the least but 1 unit
    Then the swap is refunded because of deposit_short
    And nothing is paid out

  @row:variable.limits
  Scenario: a variable deposit above the most goes back
    Given a variable ETH→BTC quote
    When the user pays the most and 1 unit more
    Then the swap is refunded because of deposit_over
    And nothing is paid out

  Scenario: the least that a variable quote takes is swapped
    Given a variable BTC→ETH quote
    When the user pays the least
    Then the deposit's rate is set
    And the swap settles at the rate that was set

  @row:variable.floor
  Scenario: a variable rate far below the estimate is not paid without the user's yes
    Given a variable BTC→ETH quote
    And the market falls by 15 %
    When the user pays the amount
    Then the user is asked about a deposit
    When the user answers requote for at least 99 % of the offer
    Then the swap settles for what came, 1600 basis points below the locked rate at most

  @row:variable.floor
  Scenario: whoever does not take a variable rate far below the estimate gets the deposit back
    Given a variable BTC→ETH quote
    And the market falls by 15 %
    When the user pays the amount
    Then the user is asked about a deposit
    When the user answers refund
    Then the swap is refunded because of rate_not_set
    And nothing is paid out

  Scenario: without a price when it is seen, a variable deposit gets that of its confirmation
    Given a variable BTC→ETH quote
    And there is no price any more
    And no blocks come on bitcoin
    When the user pays the amount
    Then no rate is set for the deposit
    When prices are back
    And blocks come again on bitcoin
    Then the swap settles for what came, 0 basis points below the locked rate at most

  @row:requote.unavailable
  Scenario: without any price a variable deposit goes back
    Given a variable BTC→ETH quote
    And there is no price any more
    When the user pays the amount
    Then the swap is refunded because of rate_not_set
    And nothing is paid out

  @peer:provider-fails
  Scenario: liquidityd is down when a variable deposit is seen, and sets its rate when it is back
    Given a variable BTC→ETH quote
    When liquidityd is killed
    And the user pays the amount
    And the deposit is seen
    And liquidityd is started again
    Then the swap settles for what came, 500 basis points below the locked rate at most

  @peer:provider-fails
  Scenario: a variable rate that was set is paid while liquidityd is down
    Given a variable BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit's rate is set
    And liquidityd is killed
    And blocks come again on bitcoin
    Then the swap settles at the rate that was set

  @peer:two-deposits
  Scenario: a second deposit beside a variable one is extra, and has none of its rate
    Given a variable BTC→ETH quote
    When the user pays the amount
    And the deposit's rate is set
    And the deposit is confirmed
    And the user pays 60 %
    Then the swap settles at the rate that was set
    And 1 deposit is extra
    And 1 deposit is refunded

  @peer:deposit-after-expiry
  Scenario: a variable rate ends with its swap
    Given a variable BTC→ETH quote
    And the policy for late deposits is requote
    And no blocks come on bitcoin
    When the user pays the amount
    And the deposit's rate is set
    And the market falls by 4 %
    And the time to confirm is over
    Then the swap expires within 5 minutes
    When blocks come again on bitcoin
    Then the swap settles at another rate than was set
    And 1 deposit is late
