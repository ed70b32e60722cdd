// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Says that it pays, and keeps the ether.
contract Lying {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Deposit(address indexed to, uint256 value);

    function pay(address to, uint256 amount) external payable {
        emit Transfer(msg.sender, to, amount);
        emit Deposit(to, amount);
        (bool ok, ) = address(this).call{value: amount}(abi.encodeCall(this.take, (to)));
        require(ok, "not taken");
    }

    function take(address) external payable {}
}

/// What an account runs that has delegated itself to it (EIP-7702).
contract Delegate {
    receive() external payable {}

    /// Whoever asks gets it.
    function take(uint256 amount) external payable {
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok, "not paid");
    }
}

/// Gives and takes back in one transaction.
contract Taking {
    receive() external payable {}

    function giveAndTake(address payable account, uint256 back) external payable {
        (bool ok, ) = account.call{value: msg.value}("");
        require(ok, "not given");
        Delegate(account).take(back);
    }
}
