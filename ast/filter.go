package ast

// URLServer: `url-server (IF) vendor websense|n2h2 host IP [port N] timeout S protocol TCP|UDP [version 1|4]`. In a no
// statement what was not typed is zero.
type URLServer struct {
	Pos      `json:"-"`
	If       string `json:"interface"`
	Vendor   string `json:"vendor,omitempty"`
	IP       IP     `json:"ip"`
	Port     int    `json:"port,omitempty"` // n2h2
	Timeout  int    `json:"timeout,omitempty"`
	Protocol string `json:"protocol,omitempty"` // TCP, UDP
	Version  int    `json:"version,omitempty"`  // websense
}

func (*URLServer) Family() string { return "url-server" }
func (c *URLServer) print(p *Printer) {
	p.word("url-server").paren(c.If).wordIf(c.Vendor != "", "vendor", c.Vendor).word("host").ip(c.IP)
	if c.Port > 0 {
		p.word("port").num(c.Port)
	}
	if c.Timeout > 0 {
		p.word("timeout").num(c.Timeout)
	}
	p.wordIf(c.Protocol != "", "protocol", c.Protocol)
	if c.Version > 0 {
		p.word("version").num(c.Version)
	}
}
func (c *URLServer) rule() rule {
	return rule{section: secFilter, key: familyKey("url-server", c.If, c.IP.String())}
}

func (c *URLServer) removeFrom(cfg *Config) (bool, error) {
	err := cfg.removeKey(c)
	if err == nil {
		cfg.unservedFilters()
	}
	return true, err
}

// unservedFilters removes the filters that need a server when the last one is gone (commands-firewall.md section 5.14).
func (c *Config) unservedFilters() {
	if _, ok := First[*URLServer](c, nil); ok {
		return
	}
	var kept []Command
	for _, cmd := range c.sections[secFilter] {
		if f, ok := cmd.(*Filter); !ok || !f.asksServer() {
			kept = append(kept, cmd)
		}
	}
	c.keep(secFilter, kept)
}

// Filter: `filter url|ftp|https|java|activex PORT[-PORT]|http|except SRC MASK DST MASK [OPTIONS]`.
type Filter struct {
	Pos           `json:"-"`
	What          string `json:"what"`
	Except        bool   `json:"except,omitempty"`
	First         uint16 `json:"first,omitempty"`
	Last          uint16 `json:"last,omitempty"`
	Src           Net    `json:"src"`
	Dst           Net    `json:"dst"`
	Allow         bool   `json:"allow,omitempty"`      // let pass while no server answers
	ProxyBlock    bool   `json:"proxyBlock,omitempty"` // url
	InteractBlock bool   `json:"interactBlock,omitempty"`
	LongURL       string `json:"longURL,omitempty"` // longurl-truncate, longurl-deny
	CGITruncate   bool   `json:"cgiTruncate,omitempty"`
}

func (c *Filter) asksServer() bool { return c.What != "java" && c.What != "activex" }

func (*Filter) Family() string { return "filter" }
func (c *Filter) print(p *Printer) {
	p.word("filter", c.What)
	switch {
	case c.Except:
		p.word("except")
	case c.What == "url" && c.First == 80 && c.Last == 80:
		p.word("http")
	default:
		p.num(int(c.First))
		if c.Last != c.First {
			p.buf = append(p.buf, '-')
			p.open = false
			p.num(int(c.Last))
		}
	}
	p.ip(c.Src.IP).mask(c.Src.Mask).ip(c.Dst.IP).mask(c.Dst.Mask)
	p.wordIf(c.Allow, "allow").wordIf(c.ProxyBlock, "proxy-block").wordIf(c.InteractBlock, "interact-block")
	p.wordIf(c.LongURL != "", c.LongURL).wordIf(c.CGITruncate, "cgi-truncate")
}
func (*Filter) rule() rule { return rule{section: secFilter, rank: 1} }

func (c *Filter) setIn(cfg *Config) (bool, error) {
	if _, ok := First[*URLServer](cfg, nil); !ok && c.asksServer() {
		return true, refuseNoURLServer()
	}
	return false, nil
}

// URLCache: `url-cache dst|src_dst KBYTES`.
type URLCache struct {
	Pos `json:"-"`
	By  string `json:"by,omitempty"`
	KB  int    `json:"kb,omitempty"`
}

func (*URLCache) Family() string { return "url-cache" }
func (c *URLCache) print(p *Printer) {
	p.word("url-cache").wordIf(c.By != "", c.By)
	if c.KB > 0 {
		p.num(c.KB)
	}
}
func (*URLCache) rule() rule { return rule{section: secURLBlock, rank: 1, key: "url-cache"} }

// URLBlock: `url-block block|url-mempool|url-size N`.
type URLBlock struct {
	Pos   `json:"-"`
	Which string `json:"which"`
	N     int    `json:"n"` // -1 in a no statement without it
}

func (*URLBlock) Family() string { return "url-block" }
func (c *URLBlock) print(p *Printer) {
	p.word("url-block", c.Which)
	if c.N >= 0 {
		p.num(c.N)
	}
}
func (c *URLBlock) rule() rule {
	return rule{section: secURLBlock, key: familyKey("url-block", c.Which)}
}
