// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A wallet that is a contract: it takes ether and pays it on.
contract Wallet {
    receive() external payable {}

    /// Pays by a call of its own.
    function pay(address payable to, uint256 amount) public payable {
        (bool ok, ) = to.call{value: amount}("");
        require(ok, "not paid");
    }

    /// Runs another contract's code as its own: that code's payments are this wallet's.
    function payBy(address code, address payable to, uint256 amount) external payable {
        (bool ok, ) = code.delegatecall(abi.encodeCall(this.pay, (to, amount)));
        require(ok, "not paid");
    }
}

/// Pays many at once, as exchanges do.
contract Batch {
    function pay(address payable[] calldata to, uint256[] calldata amounts) external payable {
        for (uint256 i = 0; i < to.length; i++) {
            (bool ok, ) = to[i].call{value: amounts[i]}("");
            require(ok, "not paid");
        }
    }
}
