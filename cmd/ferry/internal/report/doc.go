// Package report writes what package support read as pages for people. Each
// function lays out one answer; none of them reads anything or decides anything.
package report
