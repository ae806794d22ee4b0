package parser

import "pixfw/ast"

// logHost is `[IF] IP [PROTO/PORT] [format emblem]`. The interface is the inside where it is left off.
type logHost struct {
	IP     ipAddr     `parser:"( @@"`
	If     ifName     `parser:"| @@"`
	IfIP   ipAddr     `parser:"  @@ )"`
	Port   syslogPort `parser:"@@?"`
	Emblem bool       `parser:"( @'format' 'emblem' )?"`
}

func (g *logHost) toAST(c *conv) *ast.LoggingHost {
	h := &ast.LoggingHost{Pos: c.pos, If: orElse(g.If.Text, "inside"), Emblem: g.Emblem}
	if h.IP = c.ip(g.IP.word); g.If.given() {
		h.IP = c.ip(g.IfIP.word)
	}
	if g.Port.given() {
		h.Proto, h.Port, _ = syslogPortOf(g.Port.Text)
		if h.Proto == ast.ProtoUDP && h.Port == 514 {
			h.Proto, h.Port = 0, 0
		}
	}
	return h
}

type logDevice struct {
	Hostname kw         `parser:"@'hostname'"`
	If       ifName     `parser:"| 'ipaddress' @@"`
	Text     updateText `parser:"| 'string' @@"`
}

func (g *logDevice) toAST(c *conv) ast.Command {
	d := &ast.LoggingDeviceID{Pos: c.pos, Kind: string(g.Hostname)}
	switch {
	case g.If.given():
		d.Kind, d.Value = "ipaddress", g.If.Text
	case g.Text.given():
		d.Kind, d.Value = "string", g.Text.Text
	}
	return d
}

type loggingGrammar struct {
	Switch   kw         `parser:"'logging' ( @( 'on' | 'timestamp' | 'standby' )"`
	To       kw         `parser:"| @( 'console' | 'monitor' | 'buffered' | 'trap' | 'history' )"`
	Level    logLevel   `parser:"  @@"`
	Facility facility   `parser:"| 'facility' @@"`
	Queue    queueSize  `parser:"| 'queue' @@"`
	Host     *logHost   `parser:"| 'host' @@"`
	Device   *logDevice `parser:"| 'device-id' @@"`
	Message  messageID  `parser:"| 'message' @@"`
	MLevel   logLevel   `parser:"  ( 'level' @@ )? )"`
}

func (g *loggingGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Switch != "":
		return &ast.LoggingSwitch{Pos: c.pos, What: string(g.Switch)}
	case g.To != "":
		n, _ := logLevelOf(g.Level.Text)
		return &ast.LoggingLevel{Pos: c.pos, To: string(g.To), Level: n}
	case g.Facility.given():
		return &ast.LoggingFacility{Pos: c.pos, Number: g.Facility.n()}
	case g.Queue.given():
		return &ast.LoggingQueue{Pos: c.pos, Size: g.Queue.n()}
	case g.Host != nil:
		return g.Host.toAST(c)
	case g.Device != nil:
		return g.Device.toAST(c)
	case g.MLevel.given():
		n, _ := logLevelOf(g.MLevel.Text)
		return &ast.LoggingMessageLevel{Pos: c.pos, ID: g.Message.n(), Level: n}
	}
	return &ast.LoggingMessage{Pos: c.pos, On: true, ID: g.Message.n()}
}

// What stands behind the word is not looked at: `no logging console 7` ends console messages of any level.
type noLoggingGrammar struct {
	Switch   kw         `parser:"'no' 'logging' ( @( 'on' | 'timestamp' | 'standby' )"`
	To       kw         `parser:"| @( 'console' | 'monitor' | 'buffered' | 'trap' | 'history' )"`
	Level    logLevel   `parser:"  @@?"`
	Facility bool       `parser:"| @'facility'"`
	Number   facility   `parser:"  @@?"`
	Queue    bool       `parser:"| @'queue'"`
	Size     queueSize  `parser:"  @@?"`
	Host     *logHost   `parser:"| 'host' @@"`
	DeviceID bool       `parser:"| @'device-id'"`
	Device   *logDevice `parser:"  @@?"`
	Message  messageID  `parser:"| 'message' @@"`
	OfLevel  bool       `parser:"  ( @'level'"`
	MLevel   logLevel   `parser:"    @@? )? )"`
}

func (g *noLoggingGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Switch != "":
		return &ast.LoggingSwitch{Pos: c.pos, What: string(g.Switch)}
	case g.To != "":
		return &ast.LoggingLevel{Pos: c.pos, To: string(g.To), Level: -1}
	case g.Facility:
		return &ast.LoggingFacility{Pos: c.pos}
	case g.Queue:
		return &ast.LoggingQueue{Pos: c.pos, Size: -1}
	case g.Host != nil:
		h := g.Host.toAST(c)
		return &ast.LoggingHost{Pos: c.pos, If: h.If, IP: h.IP}
	case g.DeviceID:
		return &ast.LoggingDeviceID{Pos: c.pos}
	case g.OfLevel:
		return &ast.LoggingMessageLevel{Pos: c.pos, ID: g.Message.n(), Level: -1}
	}
	return &ast.LoggingMessage{Pos: c.pos, ID: g.Message.n()}
}
