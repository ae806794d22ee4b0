// Package runtime is the running firewall as the console and the daemon know it: the interface [Engine], the packets and
// verdicts that pass through it, and the tables that it keeps.
//
// What goes in: a compiler.Plan, and for engines that can be asked, packets. What comes out: verdicts with the trace of
// their decision, events as syslog messages, and snapshots of connections, translations and users.
//
// What always holds: Apply is all or nothing; established connections and translations live on over an Apply as a PIX lets
// them; time comes from an injected [Clock]. Package runtime looks at a configuration only through the Plan.
package runtime
