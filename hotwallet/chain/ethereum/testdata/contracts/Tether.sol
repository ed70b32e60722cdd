// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Does as the USDT contract on mainnet does: its transfers return nothing, its owner can stop it, bar holders from sending,
/// take away what these have, and keep a part of each transfer.
contract Tether {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event DestroyedBlackFunds(address holder, uint256 value);

    uint8 public constant decimals = 6;
    uint256 public totalSupply = 1e18;
    address public immutable owner = msg.sender;
    bool public paused;
    uint256 public basisPointsRate;
    uint256 public maximumFee;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => bool) public isBlackListed;

    constructor() {
        balanceOf[msg.sender] = totalSupply;
        emit Transfer(address(0), msg.sender, totalSupply);
    }

    modifier owned() {
        require(msg.sender == owner);
        _;
    }

    function setPaused(bool stopped) external owned {
        paused = stopped;
    }

    function setBlackListed(address holder, bool barred) external owned {
        isBlackListed[holder] = barred;
    }

    /// The balance is gone, and no Transfer says so.
    function destroyBlackFunds(address holder) external owned {
        require(isBlackListed[holder]);
        uint256 dirty = balanceOf[holder];
        balanceOf[holder] = 0;
        totalSupply -= dirty;
        emit DestroyedBlackFunds(holder, dirty);
    }

    function setParams(uint256 basisPoints, uint256 maxFee) external owned {
        basisPointsRate = basisPoints;
        maximumFee = maxFee;
    }

    function approve(address spender, uint256 value) external {
        allowance[msg.sender][spender] = value;
    }

    function transfer(address to, uint256 value) external {
        move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        allowance[from][msg.sender] -= value;
        move(from, to, value);
    }

    /// The fee is logged as a transfer of its own, and the first one is of what arrives.
    function move(address from, address to, uint256 value) private {
        require(!paused && !isBlackListed[from]);
        uint256 fee = (value * basisPointsRate) / 10000;
        if (fee > maximumFee) fee = maximumFee;
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
        emit Transfer(from, to, value - fee);
    }
}
