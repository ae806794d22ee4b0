package ast

import "strconv"

// The lines of router ospf (commands-firewall.md section 5.6).

// An OSPFArea is the number of an area as it is printed: decimal, or dotted where it was typed so.
type OSPFArea string

// OSPFNetwork: `network IP MASK area AREA`.
type OSPFNetwork struct {
	Pos `json:"-"`
	OfMode
	Net  Net      `json:"net"`
	Area OSPFArea `json:"area"`
}

func (*OSPFNetwork) Family() string { return "network" }
func (c *OSPFNetwork) print(p *Printer) {
	p.word("network").ip(c.Net.IP).mask(c.Net.Mask).word("area", string(c.Area))
}
func (*OSPFNetwork) modeWord() string { return "router ospf" }
func (c *OSPFNetwork) rule() rule {
	return modeRule(secRouting, c.Mode, "network "+c.Net.IP.String()+" "+c.Net.Mask.String())
}

// OSPFAreaSetting: `area AREA authentication [message-digest]`, `area AREA default-cost N`, `area AREA filter-list prefix NAME
// in|out`, `area AREA stub [no-summary]`.
type OSPFAreaSetting struct {
	Pos `json:"-"`
	OfMode
	Area   OSPFArea `json:"area"`
	What   string   `json:"what,omitempty"`   // authentication, default-cost, filter-list, stub; empty: not given (`no area 1`)
	Option string   `json:"option,omitempty"` // message-digest, no-summary; in, out
	Cost   int      `json:"cost"`             // -1: not given
	Prefix string   `json:"prefixList,omitempty"`
}

func (*OSPFAreaSetting) Family() string { return "area" }
func (c *OSPFAreaSetting) print(p *Printer) {
	p.word("area", string(c.Area)).wordIf(c.What != "", c.What).wordIf(c.Prefix != "", "prefix", c.Prefix)
	if c.Cost >= 0 {
		p.num(c.Cost)
	}
	p.wordIf(c.Option != "", c.Option)
}
func (*OSPFAreaSetting) modeWord() string { return "router ospf" }
func (c *OSPFAreaSetting) rule() rule {
	setting := "area " + string(c.Area) + " " + c.What
	if c.What == "filter-list" {
		setting += " " + c.Option
	}
	return modeRule(secRouting, c.Mode, setting)
}

// OSPFAreaNSSA: `area AREA nssa [no-redistribution] [default-information-originate [metric-type N] [metric N]]`.
type OSPFAreaNSSA struct {
	Pos `json:"-"`
	OfMode
	Area             OSPFArea `json:"area"`
	NoRedistribution bool     `json:"noRedistribution,omitempty"`
	Originate        bool     `json:"originate,omitempty"`
	MetricType       int      `json:"metricType,omitempty"` // 0: not given
	Metric           int      `json:"metric"`               // -1: not given
}

func (*OSPFAreaNSSA) Family() string { return "area" }
func (c *OSPFAreaNSSA) print(p *Printer) {
	p.word("area", string(c.Area), "nssa").wordIf(c.NoRedistribution, "no-redistribution").wordIf(c.Originate, "default-information-originate")
	p.numAfter("metric-type", c.MetricType, c.MetricType > 0).numAfter("metric", c.Metric, c.Metric >= 0)
}
func (*OSPFAreaNSSA) modeWord() string { return "router ospf" }
func (c *OSPFAreaNSSA) rule() rule {
	return modeRule(secRouting, c.Mode, "area "+string(c.Area)+" nssa")
}

// numAfter adds a word and a number when cond holds.
func (p *Printer) numAfter(word string, n int, cond bool) *Printer {
	if cond {
		p.word(word).num(n)
	}
	return p
}

// OSPFAreaRange: `area AREA range IP MASK [advertise|not-advertise]`.
type OSPFAreaRange struct {
	Pos `json:"-"`
	OfMode
	Area   OSPFArea `json:"area"`
	Net    Net      `json:"net"`
	Option string   `json:"option,omitempty"` // advertise, not-advertise
}

func (*OSPFAreaRange) Family() string { return "area" }
func (c *OSPFAreaRange) print(p *Printer) {
	p.word("area", string(c.Area), "range").ip(c.Net.IP).mask(c.Net.Mask).wordIf(c.Option != "", c.Option)
}
func (*OSPFAreaRange) modeWord() string { return "router ospf" }
func (c *OSPFAreaRange) rule() rule {
	return modeRule(secRouting, c.Mode, "area "+string(c.Area)+" range "+c.Net.IP.String()+" "+c.Net.Mask.String())
}

// OSPFVirtualLink: `area AREA virtual-link ROUTER {OPTION}`.
type OSPFVirtualLink struct {
	Pos `json:"-"`
	OfMode
	Area           OSPFArea `json:"area"`
	Router         IP       `json:"router"`
	Authentication string   `json:"authentication,omitempty"` // simple, message-digest, null; empty: not given
	Hello          int      `json:"helloInterval,omitempty"`  // seconds, as the next three; 0: not given
	Retransmit     int      `json:"retransmitInterval,omitempty"`
	Delay          int      `json:"transmitDelay,omitempty"`
	Dead           int      `json:"deadInterval,omitempty"`
	Key            Secret   `json:"authenticationKey,omitempty"`
	DigestID       int      `json:"digestKey,omitempty"` // 0: none
	Digest         Secret   `json:"digest,omitempty"`
}

func (*OSPFVirtualLink) Family() string { return "area" }
func (c *OSPFVirtualLink) print(p *Printer) {
	p.word("area", string(c.Area), "virtual-link").ip(c.Router)
	if c.Authentication != "" {
		p.word("authentication").wordIf(c.Authentication != "simple", c.Authentication)
	}
	p.numAfter("hello-interval", c.Hello, c.Hello > 0).numAfter("retransmit-interval", c.Retransmit, c.Retransmit > 0)
	p.numAfter("transmit-delay", c.Delay, c.Delay > 0).numAfter("dead-interval", c.Dead, c.Dead > 0)
	if c.Key != "" {
		p.word("authentication-key").secret(c.Key)
	}
	if c.DigestID > 0 {
		p.word("message-digest-key").num(c.DigestID).word("md5").secret(c.Digest)
	}
}
func (*OSPFVirtualLink) modeWord() string { return "router ospf" }
func (c *OSPFVirtualLink) rule() rule {
	return modeRule(secRouting, c.Mode, "area "+string(c.Area)+" virtual-link "+c.Router.String())
}

// OSPFOption: `compatible rfc1583`, `ignore lsa mospf`, `log-adj-changes [detail]`, stored also when it is off: the first and
// the last are on by themselves.
type OSPFOption struct {
	Pos `json:"-"`
	OfMode
	On     Switch `json:"on"`
	What   string `json:"what"` // compatible rfc1583, ignore lsa mospf, log-adj-changes
	Detail bool   `json:"detail,omitempty"`
}

func (*OSPFOption) Family() string { return "router ospf" }
func (c *OSPFOption) print(p *Printer) {
	p.onoff(c.On).word(c.What).wordIf(c.Detail, "detail")
}
func (*OSPFOption) modeWord() string { return "router ospf" }
func (c *OSPFOption) rule() rule {
	r := modeRule(secRouting, c.Mode, c.What)
	r.off = true
	switch c.What {
	case "ignore lsa mospf":
		r.unset = !bool(c.On)
	default:
		r.unset = bool(c.On) && !c.Detail
	}
	return r
}

// OSPFRouterID: `router-id IP`.
type OSPFRouterID struct {
	Pos `json:"-"`
	OfMode
	IP IP `json:"ip"` // 0: not given
}

func (*OSPFRouterID) Family() string { return "router-id" }
func (c *OSPFRouterID) print(p *Printer) {
	if p.word("router-id"); c.IP != 0 {
		p.ip(c.IP)
	}
}
func (*OSPFRouterID) modeWord() string { return "router ospf" }
func (c *OSPFRouterID) rule() rule     { return modeRule(secRouting, c.Mode, "router-id") }

// RouteOptions say how routes from elsewhere are announced.
type RouteOptions struct {
	Metric     int    `json:"metric"`               // -1: not given
	MetricType int    `json:"metricType,omitempty"` // 1, 2; 0: not given
	RouteMap   string `json:"routeMap,omitempty"`
	Tag        int    `json:"tag"` // -1: not given
	Subnets    bool   `json:"subnets,omitempty"`
}

func (o *RouteOptions) print(p *Printer) {
	p.numAfter("metric", o.Metric, o.Metric >= 0).numAfter("metric-type", o.MetricType, o.MetricType > 0)
	p.wordIf(o.RouteMap != "", "route-map", o.RouteMap).numAfter("tag", o.Tag, o.Tag >= 0).wordIf(o.Subnets, "subnets")
}

// OSPFDefault: `default-information originate [always] [metric N] [metric-type N] [route-map NAME]`.
type OSPFDefault struct {
	Pos `json:"-"`
	OfMode
	Always bool `json:"always,omitempty"`
	RouteOptions
}

func (*OSPFDefault) Family() string { return "default-information" }
func (c *OSPFDefault) print(p *Printer) {
	p.word("default-information", "originate").wordIf(c.Always, "always")
	c.RouteOptions.print(p)
}
func (*OSPFDefault) modeWord() string { return "router ospf" }
func (c *OSPFDefault) rule() rule     { return modeRule(secRouting, c.Mode, "default-information") }

// OSPFDistance: `distance ospf [intra-area N] [inter-area N] [external N]`.
type OSPFDistance struct {
	Pos `json:"-"`
	OfMode
	Intra    int `json:"intraArea,omitempty"` // 0: not given
	Inter    int `json:"interArea,omitempty"`
	External int `json:"external,omitempty"`
}

func (*OSPFDistance) Family() string { return "distance" }
func (c *OSPFDistance) print(p *Printer) {
	p.word("distance", "ospf").numAfter("intra-area", c.Intra, c.Intra > 0).numAfter("inter-area", c.Inter, c.Inter > 0)
	p.numAfter("external", c.External, c.External > 0)
}
func (*OSPFDistance) modeWord() string { return "router ospf" }
func (c *OSPFDistance) rule() rule     { return modeRule(secRouting, c.Mode, "distance") }

// OSPFRedistribute: `redistribute static|connected|ospf PID [match ...] OPTIONS`.
type OSPFRedistribute struct {
	Pos `json:"-"`
	OfMode
	From    string   `json:"from"`              // static, connected, ospf
	Process int      `json:"process,omitempty"` // of ospf
	Match   []string `json:"match,omitempty"`   // internal, "external 1", ...
	RouteOptions
}

func (*OSPFRedistribute) Family() string { return "redistribute" }
func (c *OSPFRedistribute) print(p *Printer) {
	p.word("redistribute", c.From)
	if c.Process > 0 {
		p.num(c.Process)
	}
	if len(c.Match) > 0 {
		p.word("match").word(c.Match...)
	}
	c.RouteOptions.print(p)
}
func (*OSPFRedistribute) modeWord() string { return "router ospf" }
func (c *OSPFRedistribute) rule() rule {
	return modeRule(secRouting, c.Mode, "redistribute "+c.From+" "+strconv.Itoa(c.Process))
}

// OSPFSummary: `summary-address IP MASK [not-advertise] [tag N]`.
type OSPFSummary struct {
	Pos `json:"-"`
	OfMode
	Net          Net  `json:"net"`
	NotAdvertise bool `json:"notAdvertise,omitempty"`
	Tag          int  `json:"tag"` // -1: not given
}

func (*OSPFSummary) Family() string { return "summary-address" }
func (c *OSPFSummary) print(p *Printer) {
	p.word("summary-address").ip(c.Net.IP).mask(c.Net.Mask).wordIf(c.NotAdvertise, "not-advertise").numAfter("tag", c.Tag, c.Tag >= 0)
}
func (*OSPFSummary) modeWord() string { return "router ospf" }
func (c *OSPFSummary) rule() rule {
	return modeRule(secRouting, c.Mode, "summary-address "+c.Net.IP.String()+" "+c.Net.Mask.String())
}

// OSPFTimers: `timers spf DELAY HOLD`, `timers lsa-group-pacing SECONDS`.
type OSPFTimers struct {
	Pos `json:"-"`
	OfMode
	What  string `json:"what"`  // spf, lsa-group-pacing
	Delay int    `json:"delay"` // seconds; -1: not given
	Hold  int    `json:"hold"`  // of spf; -1: not given
}

func (*OSPFTimers) Family() string { return "timers" }
func (c *OSPFTimers) print(p *Printer) {
	p.word("timers", c.What)
	if c.Delay >= 0 {
		p.num(c.Delay)
	}
	if c.Hold >= 0 {
		p.num(c.Hold)
	}
}
func (*OSPFTimers) modeWord() string { return "router ospf" }
func (c *OSPFTimers) rule() rule     { return modeRule(secRouting, c.Mode, "timers "+c.What) }
