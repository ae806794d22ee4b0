package ike

import "fmt"

// A Facility is what `debug crypto` can be asked for.
type Facility uint8

// The facilities of this package, with the names under which the console asks for them.
const (
	ISAKMP Facility = iota // crypto isakmp
	IPsec                  // crypto ipsec
	Engine                 // crypto engine
	CA                     // crypto ca
)

func (f Facility) String() string {
	return [...]string{"crypto isakmp", "crypto ipsec", "crypto engine", "crypto ca"}[f]
}

// An Event is one step of a negotiation, to be shown by `debug crypto isakmp` and `debug crypto ipsec`.
type Event struct {
	ID   EventID
	Args []any
}

// Facility is who prints the event, Level from which level of the debug command on.
func (e Event) Facility() Facility { return templates[e.ID].facility }

// Level is the lowest level of the debug command that shows the event.
func (e Event) Level() int { return templates[e.ID].level }

// Text is what the box prints. It ends in a line end only where the box ends the line: the texts of several facilities run on
// in one line now and then (commands-vpn-aaa-show.md 3.2, lines 37 and 89), so that a terminal writes them as they come.
func (e Event) Text() string { return fmt.Sprintf(templates[e.ID].text, e.Args...) }

type template struct {
	facility Facility
	level    int
	text     string
}
