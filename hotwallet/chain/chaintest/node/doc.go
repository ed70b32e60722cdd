// Package node runs the chain nodes of conformance tests as processes that end
// with their test. How each node is set up is told by the tests of its adapter.
//
// The built programs are looked for in $FERRY_BIN, or in .ferry/bin of the module.
// It imports the standard library only.
package node
