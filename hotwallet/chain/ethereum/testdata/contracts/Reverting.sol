// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Pays in calls that are undone, in transactions that succeed.
contract Reverting {
    /// The payment's own frame succeeds, and the frame around it reverts.
    function tryToPay(address payable to) external payable {
        try this.payAndRevert(to, msg.value) {
            revert("it did not revert");
        } catch {}
    }

    /// The same two frames deeper, in the middle of payments that stay.
    function payAround(address payable to, uint256 stays, uint256 undone) external payable {
        pay(to, stays);
        try this.tryDeeper(to, undone) {} catch {}
        pay(to, stays);
    }

    function tryDeeper(address payable to, uint256 amount) external {
        this.payOnly(to, amount);
        revert("undone");
    }

    function payAndRevert(address payable to, uint256 amount) external {
        pay(to, amount);
        revert("undone");
    }

    function payOnly(address payable to, uint256 amount) external {
        pay(to, amount);
    }

    function pay(address payable to, uint256 amount) private {
        (bool ok, ) = to.call{value: amount}("");
        require(ok, "not paid");
    }
}
