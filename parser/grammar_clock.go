package parser

import "pixfw/ast"

// ntpServer is `IP [key ID] [source IF] [prefer]`; the options may come in any order.
type ntpOption struct {
	Key    ntpKey `parser:"  'key' @@"`
	If     ifName `parser:"| 'source' @@"`
	Prefer bool   `parser:"| @'prefer'"`
}

type ntpGrammar struct {
	IP      ipAddr      `parser:"'ntp' ( 'server' @@"`
	Options []ntpOption `parser:"  @@*"`
	Auth    bool        `parser:"| @'authenticate'"`
	KeyID   ntpKey      `parser:"| 'authentication-key' @@"`
	Key     secret      `parser:"  'md5' @@"`
	Trusted ntpKey      `parser:"| 'trusted-key' @@ )"`
}

func (g *ntpGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.IP.given():
		s := &ast.NTPServer{Pos: c.pos, IP: c.ip(g.IP.word)}
		for _, o := range g.Options {
			s.Key = o.Key.nOr(s.Key)
			s.If = orElse(o.If.Text, s.If)
			s.Prefer = s.Prefer || o.Prefer
		}
		return s
	case g.Auth:
		return &ast.NTPAuthenticate{Pos: c.pos}
	case g.KeyID.given():
		return &ast.NTPKey{Pos: c.pos, ID: g.KeyID.n(), Key: ast.Secret(g.Key.Text)}
	}
	return &ast.NTPTrusted{Pos: c.pos, ID: g.Trusted.n()}
}

type noNTPGrammar struct {
	IP      ipAddr      `parser:"'no' 'ntp' ( 'server' @@"`
	Options []ntpOption `parser:"  @@*"`
	Auth    bool        `parser:"| @'authenticate'"`
	KeyID   ntpKey      `parser:"| 'authentication-key' @@"`
	Key     secret      `parser:"  ( 'md5' @@ )?"`
	Trusted ntpKey      `parser:"| 'trusted-key' @@ )"`
}

func (g *noNTPGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.IP.given():
		return &ast.NTPServer{Pos: c.pos, IP: c.ip(g.IP.word)}
	case g.Auth:
		return &ast.NTPAuthenticate{Pos: c.pos}
	case g.KeyID.given():
		return &ast.NTPKey{Pos: c.pos, ID: g.KeyID.n()}
	}
	return &ast.NTPTrusted{Pos: c.pos, ID: g.Trusted.n()}
}

// recurPoint is `WEEK WEEKDAY MONTH HH:MM`.
type recurPoint struct {
	Week  weekWord  `parser:"@@"`
	Day   weekday   `parser:"@@"`
	Month monthWord `parser:"@@"`
	Time  clockTime `parser:"@@"`
}

func (g *recurPoint) point() *ast.ClockPoint {
	p := &ast.ClockPoint{Week: weekOf(g.Week.Text), Weekday: calendar(g.Day.Text, weekdays), Month: calendar(g.Month.Text, months)}
	p.Hour, p.Minute, _ = hourMinute(g.Time.Text)
	return p
}

// datePoint is `DAY MONTH YEAR HH:MM`, or the month first.
type datePoint struct {
	Day    dayNum    `parser:"( @@"`
	Month  monthWord `parser:"  @@"`
	First  monthWord `parser:"| @@"`
	Second dayNum    `parser:"  @@ )"`
	Year   yearNum   `parser:"@@"`
	Time   clockTime `parser:"@@"`
}

func (g *datePoint) point() *ast.ClockPoint {
	p := &ast.ClockPoint{Month: calendar(g.Month.Text+g.First.Text, months), Day: g.Day.nOr(g.Second.nOr(0)), Year: g.Year.n()}
	p.Hour, p.Minute, _ = hourMinute(g.Time.Text)
	return p
}

type summerTime struct {
	Zone    zoneName    `parser:"@@"`
	From    *recurPoint `parser:"( 'recurring' ( @@"`
	To      *recurPoint `parser:"    @@"`
	Offset  summerMins  `parser:"    @@? )?"`
	Date    *datePoint  `parser:"| 'date' @@"`
	Until   *datePoint  `parser:"  @@"`
	DOffset summerMins  `parser:"  @@? )"`
}

func (g *summerTime) toAST(c *conv) ast.Command {
	s := &ast.SummerTime{Pos: c.pos, Zone: g.Zone.Text, Date: g.Date != nil, Offset: g.Offset.nOr(g.DOffset.nOr(0))}
	switch {
	case g.Date != nil:
		s.From, s.To = g.Date.point(), g.Until.point()
	case g.From != nil:
		s.From, s.To = g.From.point(), g.To.point()
	}
	return s
}

type clockGrammar struct {
	Zone    zoneName    `parser:"'clock' ( 'timezone' @@"`
	Hours   zoneHours   `parser:"  @@"`
	Minutes zoneMins    `parser:"  @@?"`
	Summer  *summerTime `parser:"| 'summer-time' @@ )"`
}

func (g *clockGrammar) toAST(c *conv) ast.Command {
	if g.Summer != nil {
		return g.Summer.toAST(c)
	}
	return &ast.Timezone{Pos: c.pos, Zone: g.Zone.Text, Hours: g.Hours.n(), Minutes: g.Minutes.nOr(0)}
}

type noClockGrammar struct {
	Timezone bool        `parser:"'no' 'clock' ( @'timezone'"`
	Zone     zoneName    `parser:"  ( @@"`
	Hours    zoneHours   `parser:"    @@"`
	Minutes  zoneMins    `parser:"    @@? )?"`
	Is       bool        `parser:"| @'summer-time'"`
	Summer   *summerTime `parser:"  @@? )"`
}

func (g *noClockGrammar) toAST(c *conv) ast.Command {
	if g.Timezone {
		return &ast.Timezone{Pos: c.pos}
	}
	return &ast.SummerTime{Pos: c.pos}
}
