package config

import "time"

// Name is the key of liquidityd's configuration on the topic.
const Name = "liquidity"

// Version is a configuration as it was accepted: what is stored, and told on the topic.
type Version struct {
	// Version counts from 1; 0 is what the environment and the deployment's file say.
	Version  int64    `json:"version"`
	Settings Document `json:"settings"`
	// Restores is the version that this one equals, if it was a rollback.
	Restores *int64 `json:"restores,omitempty"`
	// Actor set it at the time, for the reason.
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Report is what a daemon says of the configuration it runs.
type Report struct {
	// Instance names the process.
	Instance string
	// Defaults are all settings there are for it with their values in version 0.
	Defaults Document
	// Version is what it runs, None for none; Wanted the newest it has seen. They differ while
	// Problem says why that could not be applied.
	Version, Wanted int64
	Problem         string
	// Pending lists subscriptions that are still being changed.
	Pending string
}

// None is the version of a daemon that found none it could run when it began: all its pairs
// are stopped.
const None = -1
