// Package equivalence holds the two engines to each other: random configurations, packets aimed at every boundary that they have, and
// the first packet about which emulator and kernel disagree, made as small as it goes, as a scenario file.
//
// What goes in: a seed and how many (configuration, packet) pairs are wanted; a [lab.Rig] for the kernel. What comes out: how many
// pairs have agreed, and each [Difference].
//
//	r, err := equivalence.Run(equivalence.Options{Rig: rig, Seed: 1, Pairs: 100_000})
//	for _, d := range r.Differences {
//		os.Stdout.WriteString(d.Scenario())
//	}
//
// What is compared of each packet: what became of it, interface, addresses and ports that it left with (ports that PAT has allocated
// by their class), resets, and the messages that it caused, without numbers that may differ. Packets build on each other: translations
// and connections of those before are there, on both engines.
//
// What always holds: the same seed gives the same configurations and packets. [Unlike] names what is not compared, and why.
package equivalence
