package parser

import "pixfw/ast"

type bannerGrammar struct {
	Kind kw         `parser:"'banner' @( 'exec' | 'login' | 'motd' )"`
	Text bannerText `parser:"@@"`
}

func (g *bannerGrammar) toAST(c *conv) ast.Command {
	return &ast.Banner{Pos: c.pos, Kind: string(g.Kind), Value: g.Text.Text}
}

type noBannerGrammar struct {
	Kind kw         `parser:"'no' 'banner' @( 'exec' | 'login' | 'motd' )"`
	Text bannerText `parser:"@@?"`
}

func (g *noBannerGrammar) toAST(c *conv) ast.Command {
	return &ast.Banner{Pos: c.pos, Kind: string(g.Kind), Value: g.Text.Text}
}

type tftpTarget struct {
	IP   ipAddr   `parser:"( @@"`
	If   ifName   `parser:"| @@"`
	IfIP ipAddr   `parser:"  @@ )"`
	Path filePath `parser:"@@?"`
}

func (g *tftpTarget) toAST(c *conv) ast.Command {
	t := &ast.TFTPServer{Pos: c.pos, If: orElse(g.If.Text, "inside"), IP: c.ip(g.IP.word), Path: g.Path.Text}
	if g.If.given() {
		t.IP = c.ip(g.IfIP.word)
	}
	return t
}

type tftpGrammar struct {
	Target tftpTarget `parser:"'tftp-server' @@"`
}

func (g *tftpGrammar) toAST(c *conv) ast.Command { return g.Target.toAST(c) }

type noTFTPGrammar struct {
	Target *tftpTarget `parser:"'no' 'tftp-server' @@?"`
}

func (g *noTFTPGrammar) toAST(c *conv) ast.Command {
	if g.Target == nil {
		return &ast.TFTPServer{Pos: c.pos}
	}
	return g.Target.toAST(c)
}

type updateDevice struct {
	Word kw         `parser:"@( 'hardware-serial' | 'hostname' )"`
	Of   kw         `parser:"| @( 'ipaddress' | 'mac-address' )"`
	If   ifName     `parser:"  @@?"`
	Text updateText `parser:"| 'string' @@"`
}

type updateGrammar struct {
	Device  *updateDevice `parser:"'auto-update' ( 'device-id' @@"`
	Minutes updateMins    `parser:"| 'poll-period' @@"`
	Retries updateTry     `parser:"  ( @@"`
	Wait    updateMins    `parser:"    @@? )?"`
	URL     updateURL     `parser:"| 'server' @@"`
	Verify  bool          `parser:"  @'verify-certificate'?"`
	Timeout updateOff     `parser:"| 'timeout' @@ )"`
}

func (g *updateGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Device != nil:
		d := &ast.UpdateDeviceID{Pos: c.pos, Kind: string(g.Device.Word + g.Device.Of), Value: g.Device.If.Text + g.Device.Text.Text}
		d.Kind = orElse(d.Kind, "string")
		return d
	case g.Minutes.given():
		return &ast.UpdatePoll{Pos: c.pos, Minutes: g.Minutes.n(), Retries: g.Retries.nOr(0), Wait: g.Wait.nOr(5)}
	case g.URL.given():
		return &ast.UpdateServer{Pos: c.pos, URL: ast.Secret(g.URL.Text), Verify: g.Verify}
	}
	return &ast.UpdateTimeout{Pos: c.pos, Minutes: g.Timeout.n()}
}

type noUpdateGrammar struct {
	DeviceID bool          `parser:"'no' 'auto-update' ( @'device-id'"`
	Device   *updateDevice `parser:"  @@?"`
	Poll     bool          `parser:"| @'poll-period'"`
	Minutes  updateMins    `parser:"  ( @@"`
	Retries  updateTry     `parser:"    ( @@"`
	Wait     updateMins    `parser:"      @@? )? )?"`
	Server   bool          `parser:"| @'server'"`
	URL      updateURL     `parser:"  ( @@ 'verify-certificate'? )?"`
	Timeout  bool          `parser:"| @'timeout'"`
	Off      updateOff     `parser:"  @@? )"`
}

func (g *noUpdateGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.DeviceID:
		return &ast.UpdateDeviceID{Pos: c.pos}
	case g.Poll:
		return &ast.UpdatePoll{Pos: c.pos}
	case g.Server:
		return &ast.UpdateServer{Pos: c.pos}
	}
	return &ast.UpdateTimeout{Pos: c.pos, Minutes: -1}
}

type privilegeGrammar struct {
	Form    kw        `parser:"'privilege' @( 'show' | 'clear' | 'configure' )?"`
	Level   privLevel `parser:"'level' @@"`
	Mode    kw        `parser:"( 'mode' @( 'enable' | 'configure' ) )?"`
	Command cmdWord   `parser:"'command' @@"`
}

func (g *privilegeGrammar) toAST(c *conv) ast.Command {
	return &ast.Privilege{Pos: c.pos, Form: string(g.Form), Level: g.Level.n(), Mode: string(g.Mode), Command: g.Command.Text}
}

type noPrivilegeGrammar struct {
	Form    kw        `parser:"'no' 'privilege' @( 'show' | 'clear' | 'configure' )?"`
	Level   privLevel `parser:"( 'level' @@ )?"`
	Mode    kw        `parser:"( 'mode' @( 'enable' | 'configure' ) )?"`
	Command cmdWord   `parser:"'command' @@"`
}

func (g *noPrivilegeGrammar) toAST(c *conv) ast.Command {
	return &ast.Privilege{Pos: c.pos, Form: string(g.Form), Level: g.Level.nOr(-1), Mode: string(g.Mode), Command: g.Command.Text}
}

type managementAccessGrammar struct {
	If ifName `parser:"'management-access' @@"`
}

func (g *managementAccessGrammar) toAST(c *conv) ast.Command {
	return &ast.ManagementAccess{Pos: c.pos, If: g.If.Text}
}

type noManagementAccessGrammar struct {
	If ifName `parser:"'no' 'management-access' @@?"`
}

func (g *noManagementAccessGrammar) toAST(c *conv) ast.Command {
	return &ast.ManagementAccess{Pos: c.pos, If: g.If.Text}
}

type pdmGrammar struct {
	History   bool     `parser:"'pdm' ( @'history' 'enable'"`
	IP        ipAddr   `parser:"| 'location' @@"`
	Mask      netMask  `parser:"  @@"`
	If        ifName   `parser:"  @@"`
	Group     groupID  `parser:"| 'group' @@"`
	GroupIf   ifName   `parser:"  @@"`
	Reference groupID  `parser:"  ( 'reference' @@ )?"`
	Logging   bool     `parser:"| @'logging'"`
	Level     logLevel `parser:"  ( @@"`
	Size      pdmSize  `parser:"    @@? )? )"`
}

func (g *pdmGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.History:
		return &ast.PDMHistory{Pos: c.pos, On: true}
	case g.IP.given():
		return &ast.PDMLocation{Pos: c.pos, Net: c.net(g.IP.word, g.Mask.word), If: g.If.Text}
	case g.Group.given():
		return &ast.PDMGroup{Pos: c.pos, Group: g.Group.Text, If: g.GroupIf.Text, Reference: g.Reference.Text}
	}
	return pdmLogging(c, g.Level.word, g.Size.word)
}

func pdmLogging(c *conv, level, size word) ast.Command {
	l := &ast.PDMLogging{Pos: c.pos, Level: -1, Size: size.nOr(0)}
	if level.given() {
		l.Level, _ = logLevelOf(level.Text)
	}
	return l
}

type noPDMGrammar struct {
	History   bool     `parser:"'no' 'pdm' ( @'history' 'enable'?"`
	IP        ipAddr   `parser:"| 'location' @@"`
	Mask      netMask  `parser:"  @@"`
	If        ifName   `parser:"  @@?"`
	Group     groupID  `parser:"| 'group' @@"`
	GroupIf   ifName   `parser:"  ( @@"`
	Reference groupID  `parser:"    ( 'reference' @@ )? )?"`
	Logging   bool     `parser:"| @'logging'"`
	Level     logLevel `parser:"  ( @@"`
	Size      pdmSize  `parser:"    @@? )? )"`
}

func (g *noPDMGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.History:
		return &ast.PDMHistory{Pos: c.pos}
	case g.IP.given():
		return &ast.PDMLocation{Pos: c.pos, Net: c.net(g.IP.word, g.Mask.word), If: g.If.Text}
	case g.Group.given():
		return &ast.PDMGroup{Pos: c.pos, Group: g.Group.Text, If: g.GroupIf.Text, Reference: g.Reference.Text}
	}
	return &ast.PDMLogging{Pos: c.pos, Level: -1}
}

type mgcpGrammar struct {
	Kind  kw        `parser:"'mgcp' ( @( 'call-agent' | 'gateway' )"`
	IP    ipAddr    `parser:"  @@"`
	Group mgcpGroup `parser:"  @@"`
	Limit mgcpLimit `parser:"| 'command-queue' @@ )"`
}

func (g *mgcpGrammar) toAST(c *conv) ast.Command {
	if g.Kind != "" {
		return &ast.MGCP{Pos: c.pos, Kind: string(g.Kind), IP: c.ip(g.IP.word), Group: g.Group.n()}
	}
	return &ast.MGCPQueue{Pos: c.pos, Limit: g.Limit.n()}
}

type noMGCPGrammar struct {
	Kind  kw        `parser:"'no' 'mgcp' ( @( 'call-agent' | 'gateway' )"`
	IP    ipAddr    `parser:"  @@"`
	Group mgcpGroup `parser:"  @@?"`
	Queue bool      `parser:"| @'command-queue'"`
	Limit mgcpLimit `parser:"  @@? )"`
}

func (g *noMGCPGrammar) toAST(c *conv) ast.Command {
	if g.Kind != "" {
		return &ast.MGCP{Pos: c.pos, Kind: string(g.Kind), IP: c.ip(g.IP.word), Group: g.Group.nOr(-1)}
	}
	return &ast.MGCPQueue{Pos: c.pos}
}
