Feature: Too little
  What is short is first asked for. Only when the time is over is it judged.

  @peer:too-little @row:on_short.refund @row:short.at_deadline
  Scenario Outline: a short deposit is refunded when the time is over, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for short deposits is refund
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    Then a refund is ordered within 5 minutes
    And the swap is refunded because of deposit_short
    And 1 deposit is short
    And nothing is paid out

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @peer:too-little @row:short.at_once
  Scenario Outline: a rest too small to send is not waited for, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays the amount but 1 unit
    And the deposit is confirmed
    Then a refund is ordered within 1 minutes
    And the swap is refunded because of deposit_short
    And nothing is paid out

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:short.at_once
  Scenario: a rest just below the dust threshold is not asked for
    Given a locked BTC→ETH quote
    When the user pays all but less than dust
    And the deposit is confirmed
    Then a refund is ordered within 1 minutes
    And the swap is refunded because of deposit_short
    And nothing is paid out

  @peer:too-little @row:refund.each_deposit
  Scenario: each of several short deposits goes back by itself
    Given a locked BTC→ETH quote
    When the user pays 20 %
    And pays 30 % after 2 minutes
    And pays 10 % after 2 minutes
    And the time to deposit is over
    Then the swap is refunded because of deposit_short
    And 3 deposits are short
    And 3 deposits are refunded

  @row:short.at_confirm_by
  Scenario: a part is refunded when the rest does not confirm in time
    Given a locked BTC→ETH quote
    When the user pays 60 %
    And the deposit is confirmed
    And no blocks come on bitcoin
    And the user pays the rest
    And the deposit is seen
    And the time to confirm is over
    Then a refund is ordered within 5 minutes
    When blocks come again on bitcoin
    Then the swap is refunded because of deposit_short
    And nothing is paid out

  @peer:too-little @row:on_short.requote
  Scenario Outline: a short deposit is swapped at a price within the tolerance, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for short deposits is requote
    And a tolerance of 300 basis points
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    Then the swap settles for what came, 300 basis points below the locked rate at most
    And nothing is refunded

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:requote.beyond_tolerance @row:requote.refused_asks @row:answer.requote
  Scenario: a price beyond the tolerance is asked about
    Given a locked BTC→ETH quote
    And the policy for short deposits is requote
    And a tolerance of 100 basis points
    When the user pays 60 %
    And the deposit is confirmed
    And the market falls by 5 %
    And the time to deposit is over
    Then the swap is held because of deposit_short
    And the next to act is the user
    When the user answers requote for at least 99 % of the offer
    Then the swap settles for what came, 900 basis points below the locked rate at most

  @row:on_short.ask @row:answer.requote
  Scenario Outline: whoever wants to be asked about a short deposit is asked, <from>→<to>
    Given a locked <from>→<to> quote
    And the policy for short deposits is ask
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    Then the swap is held because of deposit_short
    And the next to act is the user
    When the user answers requote
    Then the swap settles for what came, 900 basis points below the locked rate at most

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @row:answer.refund
  Scenario: a user who was asked can have the deposit back
    Given a locked BTC→ETH quote
    And the policy for short deposits is ask
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    And the swap is held because of deposit_short
    And the user answers refund
    Then the swap is refunded because of deposit_short

  @row:answer.deadline
  Scenario: a question that nobody answers ends in a refund
    Given a locked BTC→ETH quote
    And the policy for short deposits is ask
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    And the swap is held because of deposit_short
    And 1500 minutes pass
    Then the swap is refunded because of deposit_short

  @peer:too-little
  Scenario: an answer without the secret is none
    Given a locked BTC→ETH quote
    And the policy for short deposits is ask
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    And the swap is held because of deposit_short
    And somebody answers refund with a wrong secret and is refused
    Then the swap is held because of deposit_short

  @row:requote.refused_asks
  Scenario: a price that fell below what the user takes is asked about again
    Given a locked BTC→ETH quote
    And the policy for short deposits is ask
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    And the swap is held because of deposit_short
    And the market falls by 10 %
    And the user answers requote for at least 99 % of the offer
    Then the swap is held because of deposit_short
    And nothing is paid out
    When the user answers refund
    Then the swap is refunded because of deposit_short

  @row:requote.unavailable @peer:provider-fails
  Scenario: without a price a deposit that was to be requoted goes back
    Given a locked BTC→ETH quote
    And the policy for short deposits is requote
    When the user pays 60 %
    And the deposit is confirmed
    And there is no price any more
    And the time to deposit is over
    Then a refund is ordered within 5 minutes
    And the swap is refunded because of deposit_short

  @row:requote.deadline @peer:provider-fails
  Scenario: a provider that does not answer costs the user nothing but time
    Given a locked BTC→ETH quote
    And the policy for short deposits is requote
    When the user pays 60 %
    And the deposit is confirmed
    And liquidityd is killed
    And the time to deposit is over
    And 15 minutes pass
    Then the swap is refunded because of deposit_short

  Scenario: a requote that is told twice is paid once
    Given a locked BTC→ETH quote
    And the policy for short deposits is requote
    And a tolerance of 300 basis points
    When the user pays 60 %
    And the deposit is confirmed
    And the time to deposit is over
    And all that was ever told is told again
    Then the swap settles for what came, 300 basis points below the locked rate at most
