// Package console lays out what the command line shows: titles, fields, aligned
// columns and wrapped sentences within 80 columns, times in UTC with their age.
//
// It promises that text from the outside cannot steer a terminal (control
// characters are made visible), and that colours carry nothing which the words
// do not say. It imports the standard library only.
package console
