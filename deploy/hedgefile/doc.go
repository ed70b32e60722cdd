// Package hedgefile is the JSON file that turns hedging on: keys at venues and a policy for
// each asset. liquidityd reads it, the demo and the crash sweep write one for the simulator.
//
// It promises that a file which others may read is refused, that no field is passed over,
// and that no error shows what is in the file. It imports swap/asset.
package hedgefile
