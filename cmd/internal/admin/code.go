package admin

import "ferry/swap"

// OK stands for the absence of a refusal in the label "code".
const OK = "ok"

// Code is the label of how a call ended.
func Code(c swap.Code) string {
	if c == "" {
		return OK
	}
	return string(c)
}
