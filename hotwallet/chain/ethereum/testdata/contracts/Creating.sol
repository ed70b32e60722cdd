// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Sends all it has to an address by SELFDESTRUCT, when told.
contract Mortal {
    receive() external payable {}

    function end(address payable to) external {
        selfdestruct(to);
    }
}

/// Does so while it is made: it never exists after its transaction.
contract Stillborn {
    constructor(address payable to) payable {
        selfdestruct(to);
    }
}

/// Pays while it is made, and stays.
contract Paying {
    constructor(address payable to, uint256 amount) payable {
        (bool ok, ) = to.call{value: amount}("");
        require(ok, "not paid");
    }
}

/// Makes the others: by CREATE, and by CREATE2 at an address known beforehand.
contract Factory {
    function create(address payable to, uint256 amount) external payable {
        new Paying{value: msg.value}(to, amount);
    }

    function create2(bytes32 salt, address payable to, uint256 amount) external payable {
        new Paying{value: msg.value, salt: salt}(to, amount);
    }

    function createAndEnd(address payable to) external payable {
        new Stillborn{value: msg.value}(to);
    }
}
