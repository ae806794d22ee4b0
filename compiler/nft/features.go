package nft

import (
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
)

// A Feature is something that rules, or the process behind them, use of the kernel, and that a kernel may be built without.
type Feature string

// Features that lowering knows how to do without.
const (
	Connlimit Feature = "connlimit"
	// NoTimestamps is to take an option off a segment.
	NoTimestamps Feature = "tcp option reset"
	Rejects      Feature = "reject"
	Fib          Feature = "fib"
	Synproxies   Feature = "synproxy"
	NativeQueue  Feature = "queue"
	XTQueue      Feature = "queue by xtables"
	Timestamps   Feature = "timestamps"
	Flowtables   Feature = "flowtable"
	KernelESP    Feature = "esp"
	Owners       Feature = "owned tables"
	ARPTables    Feature = "rules for ARP"
)

// HelperFeature is a connection tracking helper.
func HelperFeature(typ string) Feature { return Feature("helper " + typ) }

// A FeatureRow says what a feature is for.
type FeatureRow struct {
	Feature  Feature `json:"feature"`
	Config   string  `json:"config"` // options of the kernel's build
	Required bool    `json:"-"`      // without it there is no firewall
	Without  string  `json:"without"`
}

// Features are all that are asked for, in this order.
var Features = []FeatureRow{
	{"nftables", "CONFIG_NF_TABLES, CONFIG_NF_TABLES_IPV4", true, "there is no firewall"},
	{"connection tracking", "CONFIG_NF_CONNTRACK, CONFIG_NFT_CT", true, "there is no firewall"},
	{"nat", "CONFIG_NFT_NAT", true, "there is no firewall"},
	{"log", "CONFIG_NFT_LOG, CONFIG_NETFILTER_NETLINK_LOG", true, "there is no firewall"},
	{NativeQueue, "CONFIG_NFT_QUEUE, CONFIG_NETFILTER_NETLINK_QUEUE", false, "the queue as a target of xtables serves"},
	{XTQueue, "CONFIG_NETFILTER_XT_TARGET_NFQUEUE, CONFIG_NFT_COMPAT", false, "the queue of nftables serves"},
	{Connlimit, "CONFIG_NFT_CONNLIMIT", false, "limits of connections hold only while the process runs (W517)"},
	{Synproxies, "CONFIG_NFT_SYNPROXY", false, "connections beyond a limit of half-open ones are dropped (W504)"},
	{NoTimestamps, "CONFIG_NF_TABLES", false, "it came with Linux 5.18: before that a server may take a second to hear that TCP intercept calls it"},
	{Rejects, "CONFIG_NFT_REJECT_IPV4", false, "nobody is sent a reset (W517)"},
	{Fib, "CONFIG_NFT_FIB_IPV4", false, "ip verify reverse-path asks the routes of the configuration"},
	{HelperFeature("ftp"), "CONFIG_NF_CONNTRACK_FTP", false, "translated rules open nothing for fixup protocol ftp; the process does without it"},
	{HelperFeature("Q.931"), "CONFIG_NF_CONNTRACK_H323", false, "fixup protocol h323 h225 opens nothing (W517)"},
	{HelperFeature("RAS"), "CONFIG_NF_CONNTRACK_H323", false, "fixup protocol h323 ras opens nothing (W517)"},
	{HelperFeature("pptp"), "CONFIG_NF_CONNTRACK_PPTP", false, "fixup protocol pptp opens nothing (W517)"},
	{HelperFeature("sip"), "CONFIG_NF_CONNTRACK_SIP", false, "fixup protocol sip opens nothing (W517)"},
	{HelperFeature("tftp"), "CONFIG_NF_CONNTRACK_TFTP", false, "fixup protocol tftp opens nothing (W517)"},
	{HelperFeature(Spare), "CONFIG_NF_CONNTRACK_SANE", false, "what FTP and SQL*Net say of addresses that are longer or shorter when translated opens nothing (W517)"},
	{Timestamps, "CONFIG_NF_CONNTRACK_TIMESTAMP", false, "the duration of a connection is from when the daemon heard of its beginning to when it heard of its end"},
	{Owners, "CONFIG_NF_TABLES", false, "when the process dies a PAT address alone goes on to serve (Linux has them since 5.12)"},
	{ARPTables, "CONFIG_NF_TABLES_ARP", false, "ARP is answered on each interface for the addresses of the others, too"},
	{Flowtables, "CONFIG_NF_FLOW_TABLE", false, "it would not be used"},
	{KernelESP, "CONFIG_XFRM_USER, CONFIG_INET_ESP", false, "it would not be used: ESP is the daemon's"},
}

// Row is the row of a feature.
func (f Feature) Row() *FeatureRow {
	for i := range Features {
		if Features[i].Feature == f {
			return &Features[i]
		}
	}
	return &FeatureRow{Feature: f}
}

// String says that the kernel lacks it, and what that means.
func (r FeatureRow) String() string {
	return "this kernel has no " + string(r.Feature) + " (" + r.options() + "): " + r.Without
}

func (r FeatureRow) options() string { return strings.ReplaceAll(r.Config, "CONFIG_", "") }

// probeTable is never there: the transaction that makes it is not carried out.
const probeTable = Table + "_probe"

// ProbeFeatures is a transaction that must not be carried out. The message of each index is refused by a kernel that lacks the feature; the last
// message is refused always. Features that are no part of nftables are not in it.
func ProbeFeatures() (*Batch, map[int]Feature, error) {
	needs := map[int]Feature{}
	all := &Batch{}
	add := func(f Feature, build func(c *nftables.Conn)) error {
		msgs, err := capture(func(c *nftables.Conn) error { build(c); return nil })
		for range msgs {
			needs[len(needs)] = f
		}
		all.Messages = append(all.Messages, msgs...)
		return err
	}
	t := &nftables.Table{Name: probeTable, Family: nftables.TableFamilyIPv4, Flags: unix.NFT_TABLE_F_DORMANT}
	filter := &nftables.Chain{Table: t, Name: "filter", Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter}
	translate := &nftables.Chain{Table: t, Name: "nat", Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource}
	track := &nftables.Chain{Table: t, Name: "raw", Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw}
	rule := func(ch *nftables.Chain, x ...expr.Any) func(*nftables.Conn) {
		return func(c *nftables.Conn) { c.AddRule(&nftables.Rule{Table: t, Chain: ch, Exprs: x}) }
	}
	type step struct {
		f     Feature
		build func(*nftables.Conn)
	}
	steps := []step{
		{"nftables", func(c *nftables.Conn) { c.AddTable(t); c.AddChain(filter); c.AddChain(track) }},
		{"nftables", rule(filter, &expr.Exthdr{DestRegister: 1, Type: 2, Offset: 2, Len: 2, Op: expr.ExthdrOpTcpopt}, &expr.Counter{},
			&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4})},
		{"connection tracking", rule(filter, &expr.Ct{Key: expr.CtKeyMARK, Register: 1})},
		{"connection tracking", rule(track, &expr.Notrack{})},
		{"nat", func(c *nftables.Conn) { c.AddChain(translate) }},
		{"nat", rule(translate, &expr.Immediate{Register: 1, Data: be32(0)}, &expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1})},
		{"log", rule(filter, &expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: LogGroup})},
		{NativeQueue, rule(filter, &expr.Queue{Num: Queue, Total: 1})},
		{XTQueue, rule(filter, CompatQueue(Queue, false))},
		{Connlimit, rule(filter, &expr.Connlimit{Count: 1})},
		{Synproxies, rule(filter, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{ast.ProtoTCP}}, Synproxy())},
		{Rejects, rule(filter, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{ast.ProtoTCP}},
			&expr.Reject{Type: unix.NFT_REJECT_TCP_RST})},
		{Fib, rule(filter, &expr.Fib{Register: 1, ResultOIF: true, FlagSADDR: true, FlagIIF: true})},
		{ARPTables, func(c *nftables.Conn) {
			arp := &nftables.Table{Name: probeTable, Family: nftables.TableFamilyARP, Flags: unix.NFT_TABLE_F_DORMANT}
			c.AddTable(arp)
			c.AddChain(arpInput(arp))
		}},
		{Flowtables, func(c *nftables.Conn) { c.AddFlowtable(&nftables.Flowtable{Table: t, Name: "f"}) }},
	}
	for i := range helperTypes {
		h := &helperTypes[i]
		steps = append(steps, step{HelperFeature(h.Type), func(c *nftables.Conn) {
			c.AddObj(&nftables.NamedObj{Table: t, Name: word(h.Type) + ast.ProtocolWord(h.Proto), Type: nftables.ObjTypeCtHelper,
				Obj: &expr.CtHelper{Name: h.Type, L3Proto: unix.NFPROTO_IPV4, L4Proto: h.Proto}})
		}})
	}
	for _, s := range steps {
		if err := add(s.f, s.build); err != nil {
			return nil, nil, err
		}
	}
	strip, err := probeStrip(filter.Name)
	if err != nil {
		return nil, nil, err
	}
	owned, err := ownedTable(&nftables.Table{Name: probeTable + "_owned", Family: nftables.TableFamilyIPv4})
	if err != nil {
		return nil, nil, err
	}
	for _, own := range [2]struct {
		f    Feature
		msgs []netlink.Message
	}{{NoTimestamps, strip}, {Owners, owned}} {
		for range own.msgs {
			needs[len(needs)] = own.f
		}
		all.Messages = append(all.Messages, own.msgs...)
	}
	last, err := capture(func(c *nftables.Conn) error {
		c.DelTable(&nftables.Table{Name: probeTable + "_none", Family: nftables.TableFamilyIPv4})
		return nil
	})
	all.Messages = append(all.Messages, last...)
	return all, needs, err
}

// probeStrip is a rule that the library cannot write.
func probeStrip(chain string) ([]netlink.Message, error) {
	w, err := newWire()
	if err != nil {
		return nil, err
	}
	if err = w.ruleIn(probeTable, chain, []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{ast.ProtoTCP}}, noTimestamp()}, nil); err != nil {
		return nil, err
	}
	return w.messages()
}

// helperTypes are the helpers that fixups use.
var helperTypes = []Helper{{Type: "ftp", Proto: ast.ProtoTCP}, {Type: "Q.931", Proto: ast.ProtoTCP}, {Type: "RAS", Proto: ast.ProtoUDP},
	{Type: "pptp", Proto: ast.ProtoTCP}, {Type: "sip", Proto: ast.ProtoTCP}, {Type: "sip", Proto: ast.ProtoUDP}, {Type: "tftp", Proto: ast.ProtoUDP},
	{Type: Spare, Proto: ast.ProtoTCP}}

// lacks reports whether the kernel lacks a feature, and says what that means for a line.
func (l *lowerer) lacks(f Feature, line compiler.Line, means, hint string) bool {
	if !l.opts.Lacks[f] {
		return false
	}
	if means != "" {
		l.warn("W517", line, "this kernel has no "+string(f)+" ("+f.Row().options()+"): "+means, hint)
	}
	return true
}
