// Package uauth is where users log in on the way (cut-through proxy, semantics.md 5): the rules take the first connection of an unknown
// user to a local port, one for each service, and [Listener] answers there.
//
// In: connections to local ports. Out: an answer in the words of the service. What always holds: it never answers with
// data of anybody else, reads little, waits for [Limits].Wait at most, and no source has more connections than [Limits].PerSource. Users
// cannot log in yet: every connection is refused, in words that a person understands.
//
//	l, err := uauth.Listen(net.Listen, map[uauth.Service]uint16{uauth.HTTP: 10680}, uauth.Limits{})
//	defer l.Close()
package uauth
