// Package syslog is the %PIX message catalogue of 6.3 (semantics.md section 8): id, default level and text template of every
// message, and constructors that fill in those which packets cause.
//
// What goes in: an id and its arguments. What comes out: a runtime.Message.
//
//	syslog.New(106011, flow)                  // by id: the arguments are those of the template
//	syslog.Deny106023(flow, "120")            // typed, for the messages that engines write all the time
//
// What always holds: every text stands once, in the catalogue table, so that a correction is made in one place. Interface
// names, addresses and ports go in as an [End] or a [Flow], which know how a PIX prints them.
package syslog
