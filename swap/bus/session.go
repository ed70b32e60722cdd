package bus

import "time"

// sessionTimeout is after how long without a word a member of a consumer group is
// given up, and its partitions go to another.
const sessionTimeout = 10 * time.Second
