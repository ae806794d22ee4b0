package ast

import (
	"fmt"
	"strconv"
)

// NTPServer: `ntp server IP [key ID] [source IF] [prefer]`.
type NTPServer struct {
	Pos    `json:"-"`
	IP     IP     `json:"ip"`
	Key    int    `json:"key,omitempty"` // 0: none
	If     string `json:"source,omitempty"`
	Prefer bool   `json:"prefer,omitempty"`
}

func (*NTPServer) Family() string { return "ntp" }
func (c *NTPServer) print(p *Printer) {
	p.word("ntp", "server").ip(c.IP)
	if c.Key > 0 {
		p.word("key").num(c.Key)
	}
	p.wordIf(c.If != "", "source", c.If).wordIf(c.Prefer, "prefer")
}
func (c *NTPServer) rule() rule {
	return rule{section: secNTP, rank: 3, key: familyKey("ntp server", c.IP.String())}
}

// NTPAuthenticate: `ntp authenticate`, whether servers must know a key.
type NTPAuthenticate struct {
	Pos `json:"-"`
}

func (*NTPAuthenticate) Family() string     { return "ntp" }
func (c *NTPAuthenticate) print(p *Printer) { p.word("ntp", "authenticate") }
func (*NTPAuthenticate) rule() rule {
	return rule{section: secNTP, rank: 1, key: "ntp authenticate", quiet: true}
}

// NTPKey: `ntp authentication-key ID md5 KEY`.
type NTPKey struct {
	Pos `json:"-"`
	ID  int    `json:"id"`
	Key Secret `json:"key,omitempty"` // empty: not given
}

func (*NTPKey) Family() string { return "ntp" }
func (c *NTPKey) print(p *Printer) {
	p.word("ntp", "authentication-key").num(c.ID)
	if c.Key != "" {
		p.word("md5").secret(c.Key)
	}
}
func (c *NTPKey) rule() rule {
	return rule{section: secNTP, key: familyKey("ntp authentication-key", strconv.Itoa(c.ID))}
}

// NTPTrusted: `ntp trusted-key ID`.
type NTPTrusted struct {
	Pos `json:"-"`
	ID  int `json:"id"`
}

func (*NTPTrusted) Family() string     { return "ntp" }
func (c *NTPTrusted) print(p *Printer) { p.word("ntp", "trusted-key").num(c.ID) }
func (c *NTPTrusted) rule() rule {
	return rule{section: secNTP, rank: 2, key: familyKey("ntp trusted-key", strconv.Itoa(c.ID))}
}

// Timezone: `clock timezone ZONE HOURS [MINUTES]`.
type Timezone struct {
	Pos     `json:"-"`
	Zone    string `json:"zone,omitempty"` // empty: not given
	Hours   int    `json:"hours"`          // east of Greenwich, -12..12
	Minutes int    `json:"minutes,omitempty"`
}

func (*Timezone) Family() string { return "clock timezone" }
func (c *Timezone) print(p *Printer) {
	p.word("clock", "timezone")
	if c.Zone == "" {
		return
	}
	p.word(c.Zone).num(c.Hours)
	if c.Minutes != 0 {
		p.num(c.Minutes)
	}
}
func (*Timezone) rule() rule { return rule{section: secClock, key: "clock timezone", quiet: true} }

// SummerTime: `clock summer-time ZONE recurring [FROM TO [OFFSET]]`, `clock summer-time ZONE date FROM TO [OFFSET]`.
type SummerTime struct {
	Pos    `json:"-"`
	Zone   string      `json:"zone,omitempty"` // empty: not given
	Date   bool        `json:"date,omitempty"` // by date, once; else each year by weekday
	From   *ClockPoint `json:"from,omitempty"` // nil: the rules of the United States
	To     *ClockPoint `json:"to,omitempty"`
	Offset int         `json:"offset,omitempty"` // minutes; 0: not given, which is 60
}

// A ClockPoint is when summer time begins or ends.
type ClockPoint struct {
	Week    string `json:"week,omitempty"`    // first, 1..4, last
	Weekday string `json:"weekday,omitempty"` // Sun, Mon, ...
	Month   string `json:"month"`             // Jan, Feb, ...
	Day     int    `json:"day,omitempty"`     // with Year
	Year    int    `json:"year,omitempty"`
	Hour    int    `json:"hour"`
	Minute  int    `json:"minute"`
}

func (t *ClockPoint) print(p *Printer) {
	if t.Year == 0 {
		p.word(t.Week, t.Weekday, t.Month)
	} else {
		p.word(t.Month).num(t.Day).num(t.Year)
	}
	p.word(fmt.Sprintf("%d:%02d", t.Hour, t.Minute))
}

func (*SummerTime) Family() string { return "clock summer-time" }
func (c *SummerTime) print(p *Printer) {
	p.word("clock", "summer-time")
	if c.Zone == "" {
		return
	}
	p.word(c.Zone)
	if c.Date {
		p.word("date")
	} else {
		p.word("recurring")
	}
	if c.From != nil && c.To != nil {
		c.From.print(p)
		c.To.print(p)
		if c.Offset > 0 {
			p.num(c.Offset)
		}
	}
}
func (*SummerTime) rule() rule {
	return rule{section: secClock, rank: 1, key: "clock summer-time", quiet: true}
}
