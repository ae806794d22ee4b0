// Package syslog is the %PIX message catalogue of 6.3 (semantics.md section 8): id, default level and text template of every
// message, and constructors that fill them in. What goes in: an id and its arguments. What comes out: a runtime.Message.
//
// What always holds: every text stands once, in the catalogue table, so that a correction is made in one place.
package syslog
