// Package health tells how the host is on which a firewall runs: its processor, its memory, and the threads of this process.
//
// What goes in: the proc file system, and the time. What comes out: the figures of `show cpu usage`, `show memory` and
// `show processes`.
//
//	host := health.New(os.DirFS("/proc"), clock)
//	host.Sample()                               // every few seconds
//	five, minute, minutes, err := host.CPU()
//
// What always holds: a figure is what the host says, or there is an error.
package health
