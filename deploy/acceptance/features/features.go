// Package features holds the scenarios, one file per topic.
package features

import "embed"

// Files are the feature files, in Gherkin.
//
//go:embed *.feature
var Files embed.FS
