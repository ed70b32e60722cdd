// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A well-behaved token of six decimals. Whoever makes it holds all of it.
contract Token {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    uint8 public constant decimals = 6;
    uint256 public totalSupply = 1e18;
    address internal immutable maker = msg.sender;
    mapping(address => uint256) internal balances;
    mapping(address => mapping(address => uint256)) public allowance;

    constructor() {
        balances[msg.sender] = totalSupply;
        emit Transfer(address(0), msg.sender, totalSupply);
    }

    function balanceOf(address holder) external view virtual returns (uint256) {
        return balances[holder];
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external virtual returns (bool) {
        return move(msg.sender, to, value);
    }

    /// Of nothing, anybody may transfer from anybody: so does every ERC-20 token.
    function transferFrom(address from, address to, uint256 value) external virtual returns (bool) {
        require(allowance[from][msg.sender] >= value, "allowance");
        allowance[from][msg.sender] -= value;
        return move(from, to, value);
    }

    function move(address from, address to, uint256 value) internal virtual returns (bool) {
        require(balances[from] >= value, "balance");
        balances[from] -= value;
        balances[to] += value;
        emit Transfer(from, to, value);
        return true;
    }
}

/// Has eighteen decimals, where six are expected.
contract OtherDecimals {
    uint8 public constant decimals = 18;
    uint256 public totalSupply = 1e18;
}
