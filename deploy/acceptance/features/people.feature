Feature: Refund addresses set later, and staff
  A refund goes where the user says, never to the sender. People act by facts.

  @row:refund_address.needed @row:refund_address.set @peer:exchange-batch
  Scenario Outline: without a refund address a refund waits and is not lost, <from>→<to>
    Given a locked <from>→<to> quote
    And no refund address
    When the user pays the amount but 1 unit
    Then the swap is held because of refund_address_needed
    And the next to act is the user
    And nothing is refunded
    When the user sets a refund address
    Then the swap is refunded because of deposit_short

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  Scenario: a refund address is set once
    Given a locked BTC→ETH quote
    And no refund address
    When a swap is made of it
    And the user sets a refund address
    Then the user sets another refund address and is refused

  Scenario: a refund address needs the swap's secret
    Given a locked BTC→ETH quote
    And no refund address
    When the user pays the amount but 1 unit
    And the swap is held because of refund_address_needed
    Then somebody sets a refund address with a wrong secret and is refused
    And the swap is held because of refund_address_needed

  @row:refund_address.reminded
  Scenario: a refund that waits for its address is reminded of
    Given a locked BTC→ETH quote
    And no refund address
    When the user pays the amount but 1 unit
    And the swap is held because of refund_address_needed
    And 3000 minutes pass
    Then the swap is held because of refund_address_needed
    And the user is told "Reminder: a refund waits for a refund address"

  @row:staff.refund
  Scenario: staff refunds what waits for an answer
    Given a locked BTC→ETH quote
    And the policy for short deposits is ask
    When the user pays the amount but 1 unit
    And the swap is held because of deposit_short
    And alice of staff orders a refund
    And bob of staff approves it
    Then the swap is refunded because of deposit_short

  @row:staff.second_pair_of_eyes @row:staff.needs_second
  Scenario: nobody approves what they ordered themselves
    Given a locked BTC→ETH quote
    And the policy for over deposits is ask
    When the user pays 10 times the amount
    And the swap is held because of deposit_over
    And alice of staff orders a refund
    And alice of staff approves it
    Then the swap is held because of deposit_over
    And nothing is refunded

  @row:staff.requote
  Scenario: staff has a price asked for again
    Given a locked BTC→ETH quote
    And the policy for short deposits is requote
    And a tolerance of 100 basis points
    When the user pays 60 %
    And the deposit is confirmed
    And the market falls by 5 %
    And the time to deposit is over
    And the swap is held because of deposit_short
    And the market rises by 6 %
    And alice of staff orders a requote
    And bob of staff approves it
    Then the swap settles for what came, 100 basis points below the locked rate at most

  @row:staff.release
  Scenario: staff releases a swap whose deposit was lost after its payout
    Given a locked BTC→ETH quote
    And no blocks come on bitcoin
    When the user pays the amount
    And bitcoin makes 3 blocks
    And the swap settles in full
    And a reorganisation takes the deposit back, and it is double-spent
    And the swap is held because of deposit_reorged
    And alice of staff orders a release
    And bob of staff approves it
    Then the swap is settled

  @row:staff.write_off
  Scenario: staff writes off what nobody claims
    Given a locked BTC→ETH quote
    And no refund address
    When the user pays the amount but 1 unit
    And the swap is held because of refund_address_needed
    And alice of staff orders a write_off
    And bob of staff approves it
    Then the swap is held because of written_off
    And nothing is refunded
    And nothing is paid out

  Scenario: a note of staff changes nothing
    Given a locked BTC→ETH quote
    When a swap is made of it
    And alice of staff orders a note
    And the user pays the amount
    Then the swap settles in full
