package ast

import (
	"slices"
	"strconv"
)

// LoggingSwitch: `logging on|timestamp|standby`. All three are off by default, and a switch that is off is not printed.
type LoggingSwitch struct {
	Pos  `json:"-"`
	What string `json:"what"` // on, timestamp, standby
}

func (*LoggingSwitch) Family() string     { return "logging" }
func (c *LoggingSwitch) print(p *Printer) { p.word("logging", c.What) }
func (c *LoggingSwitch) rule() rule {
	return rule{section: secLogging, rank: loggingRank(c.What), key: familyKey("logging", c.What), quiet: true}
}

// loggingRank is the printed order of logging lines (commands-firewall.md section 4.2).
func loggingRank(what string) int {
	return slices.Index([]string{"on", "timestamp", "standby", "console", "monitor", "buffered", "trap", "history", "facility", "queue",
		"device-id", "host", "message"}, what)
}

// LoggingLevel: `logging console|monitor|buffered|trap|history LEVEL`, which messages go to that place.
type LoggingLevel struct {
	Pos   `json:"-"`
	To    string `json:"to"`    // console, monitor, buffered, trap, history
	Level int    `json:"level"` // 0..7; -1: not given (`no logging console`)
}

func (*LoggingLevel) Family() string { return "logging" }
func (c *LoggingLevel) print(p *Printer) {
	p.word("logging", c.To)
	if c.Level >= 0 {
		p.word(SeverityWord(c.Level))
	}
}
func (c *LoggingLevel) rule() rule {
	return rule{section: secLogging, rank: loggingRank(c.To), key: familyKey("logging", c.To), quiet: true}
}

// LoggingFacility: `logging facility N`. The default, 20, is not printed (commands-firewall.md section 5.9).
type LoggingFacility struct {
	Pos    `json:"-"`
	Number int `json:"number"` // 16..23; 0: not given
}

func (*LoggingFacility) Family() string { return "logging" }
func (c *LoggingFacility) print(p *Printer) {
	p.word("logging", "facility")
	if c.Number > 0 {
		p.num(c.Number)
	}
}
func (c *LoggingFacility) rule() rule {
	return rule{section: secLogging, rank: loggingRank("facility"), key: "logging facility", quiet: true, unset: c.Number == DefaultFacility}
}

// The numbers that logging facility and logging queue have while nothing is said of them.
const (
	DefaultFacility = 20
	DefaultLogQueue = 512
)

// LoggingQueue: `logging queue N`, how many messages may wait. The default, 512, is not printed.
type LoggingQueue struct {
	Pos  `json:"-"`
	Size int `json:"size"` // 0: as memory allows; -1: not given
}

func (*LoggingQueue) Family() string { return "logging" }
func (c *LoggingQueue) print(p *Printer) {
	p.word("logging", "queue")
	if c.Size >= 0 {
		p.num(c.Size)
	}
}
func (c *LoggingQueue) rule() rule {
	return rule{section: secLogging, rank: loggingRank("queue"), key: "logging queue", quiet: true, unset: c.Size == DefaultLogQueue}
}

// LoggingHost: `logging host IF IP [PROTO/PORT] [format emblem]`, a syslog server.
type LoggingHost struct {
	Pos    `json:"-"`
	If     string `json:"interface"`
	IP     IP     `json:"ip"`
	Proto  uint8  `json:"protocol,omitempty"` // ProtoTCP, ProtoUDP; 0: UDP to port 514
	Port   uint16 `json:"port,omitempty"`
	Emblem bool   `json:"emblem,omitempty"`
}

func (*LoggingHost) Family() string { return "logging host" }
func (c *LoggingHost) print(p *Printer) {
	p.word("logging", "host", c.If).ip(c.IP)
	if c.Proto != 0 {
		p.word(strconv.Itoa(int(c.Proto)) + "/" + strconv.Itoa(int(c.Port)))
	}
	p.wordIf(c.Emblem, "format", "emblem")
}
func (c *LoggingHost) rule() rule {
	return rule{section: secLogging, rank: loggingRank("host"), key: familyKey("logging host", c.If, c.IP.String())}
}

// LoggingDeviceID: `logging device-id hostname|ipaddress IF|string TEXT`, what messages call the box.
type LoggingDeviceID struct {
	Pos   `json:"-"`
	Kind  string `json:"kind,omitempty"` // hostname, ipaddress, string; empty: not given
	Value string `json:"value,omitempty"`
}

func (*LoggingDeviceID) Family() string { return "logging" }
func (c *LoggingDeviceID) print(p *Printer) {
	p.word("logging", "device-id").wordIf(c.Kind != "", c.Kind).wordIf(c.Value != "", c.Value)
}
func (*LoggingDeviceID) rule() rule {
	return rule{section: secLogging, rank: loggingRank("device-id"), key: "logging device-id", quiet: true}
}

// LoggingMessage: `no logging message ID`, a message that is not sent. That it is sent goes without saying.
type LoggingMessage struct {
	Pos `json:"-"`
	On  Switch `json:"on"`
	ID  int    `json:"id"` // such as 106011
}

func (*LoggingMessage) Family() string { return "logging message" }
func (c *LoggingMessage) print(p *Printer) {
	p.onoff(c.On).word("logging", "message").num(c.ID)
}
func (c *LoggingMessage) rule() rule {
	return rule{section: secLogging, rank: loggingRank("message"), key: familyKey("logging message", strconv.Itoa(c.ID)), off: true, unset: bool(c.On)}
}

// LoggingMessageLevel: `logging message ID level LEVEL`, a message with a level of its own.
type LoggingMessageLevel struct {
	Pos   `json:"-"`
	ID    int `json:"id"`
	Level int `json:"level"` // 0..7; -1: not given
}

func (*LoggingMessageLevel) Family() string { return "logging message" }
func (c *LoggingMessageLevel) print(p *Printer) {
	p.word("logging", "message").num(c.ID).word("level")
	if c.Level >= 0 {
		p.word(SeverityWord(c.Level))
	}
}
func (c *LoggingMessageLevel) rule() rule {
	return rule{section: secLogging, rank: loggingRank("message"), key: familyKey("logging message level", strconv.Itoa(c.ID)), quiet: true}
}
