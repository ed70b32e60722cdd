// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import "./Token.sol";

/// Returns false instead of reverting, and moves nothing: on holders it does not like.
contract FalseReturning is Token {
    function move(address, address, uint256) internal pure override returns (bool) {
        return false;
    }
}

/// Logs transfers that move nothing, and says that they are done.
contract LyingToken is Token {
    function move(address from, address to, uint256 value) internal override returns (bool) {
        emit Transfer(from, to, value);
        return true;
    }
}

/// Moves what it is asked to, says that it did not, and logs nothing.
contract Unlogged is Token {
    function move(address from, address to, uint256 value) internal override returns (bool) {
        require(balances[from] >= value, "balance");
        balances[from] -= value;
        balances[to] += value;
        return false;
    }
}

/// Burns a tenth of what is transferred; the log has all of it.
contract FeeTaking is Token {
    function move(address from, address to, uint256 value) internal override returns (bool) {
        require(balances[from] >= value, "balance");
        balances[from] -= value;
        balances[to] += value - value / 10;
        totalSupply -= value / 10;
        emit Transfer(from, to, value);
        return true;
    }
}

/// Its maker changes balances, and logs nothing.
contract Rebasing is Token {
    function setBalance(address holder, uint256 balance) external {
        require(msg.sender == maker);
        balances[holder] = balance;
    }
}

/// Does not say any more what anybody has, once it is shut. Transfers go on.
contract Silent is Token {
    bool private shut;

    function close() external {
        shut = true;
    }

    function balanceOf(address holder) external view override returns (uint256) {
        require(!shut, "shut");
        return balances[holder];
    }
}

/// Logs what tokens log, in forms that are no transfer of a token: with the value as a topic (ERC-721), with no topic but the
/// name, with too little data and too much.
contract OddLogs is Token {
    bytes32 private constant name = keccak256("Transfer(address,address,uint256)");

    function odd(address to, uint256 value) external {
        bytes32 topic = name;
        bytes32 from = bytes32(uint256(uint160(msg.sender)));
        bytes32 dest = bytes32(uint256(uint160(to)));
        assembly {
            mstore(0, value)
            log4(0, 0, topic, from, dest, value)
            log1(0, 32, topic)
            log2(0, 32, topic, from)
            log3(0, 31, topic, from, dest)
            log3(0, 64, topic, from, dest)
            log3(0, 32, topic, from, or(dest, shl(160, 1)))
        }
    }
}

/// What the contracts of tokens are asked; USDT answers nothing.
interface Quiet {
    function transfer(address to, uint256 value) external;
    function transferFrom(address from, address to, uint256 value) external;
}

/// Writes many histories at once: transfers of nothing in others' names, and a token for each address of a list.
contract Poisoner {
    function poison(Quiet token, address[] calldata victims, address lookalike) external {
        for (uint256 i = 0; i < victims.length; i++) {
            token.transferFrom(victims[i], lookalike, 0);
            token.transferFrom(lookalike, victims[i], 0);
        }
    }

    function spread(Quiet token, address[] calldata to, uint256 value) external {
        for (uint256 i = 0; i < to.length; i++) {
            token.transfer(to[i], value);
        }
    }
}
