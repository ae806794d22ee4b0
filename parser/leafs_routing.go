package parser

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The leaves of the routing protocols.
type (
	ospfProcess struct{ word }
	ospfArea    struct{ word }
	ospfCost    struct{ word }
	ospfMetric  struct{ word }
	metricType  struct{ word }
	ospfSeconds struct{ word }
	digestID    struct{ word }
	routeTag    struct{ word }
	distance    struct{ word }
	priority    struct{ word }
	prefixName  struct{ word }
	prefixSeq   struct{ word }
	prefixNet   struct{ word }
	prefixLen   struct{ word }
	routeMapID  struct{ word }
	routeMapSeq struct{ word }
	ripKeyID    struct{ word }
	ripVersion  struct{ word }
	maxGroups   struct{ word }
	igmpVersion struct{ word }
)

var (
	leafProcess = num("ospfProcess", 1, 65535, "number of the OSPF process")
	leafArea    = &leaf{name: "ospfArea", placeholder: "<area>", help: "OSPF area, a number or written like an address",
		match: func(w string) bool { _, ok := decimal(w); return ok || isIP(w) },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad area " + quote(w), hint: "expected a number, or four numbers with dots"}
		}}
	leafCost        = num("ospfCost", 1, 65535, "cost")
	leafOSPFMetric  = num("ospfMetric", 0, 16777214, "metric")
	leafMetricType  = num("metricType", 1, 2, "type of external routes")
	leafOSPFSeconds = num("ospfSeconds", 1, 65535, "seconds")
	leafDigestID    = num("digestID", 1, 255, "number of the key")
	leafRouteTag    = num("routeTag", 0, 4294967295, "tag of the routes")
	leafDistance    = num("distance", 1, 255, "administrative distance")
	leafPriority    = num("priority", 0, 255, "priority in the election of the designated router")
	leafPrefixName  = free("prefixName", "<list_name>", "prefix list", 63)
	leafPrefixSeq   = num("prefixSeq", 1, 2147483647, "place in the list")
	leafPrefixNet   = &leaf{name: "prefixNet", placeholder: "<ip>/<length>", help: "network and the length of its mask, such as 10.0.0.0/8",
		match: func(w string) bool { _, ok := prefixOf(w); return ok },
		bad: func(w string) *badValue {
			return &badValue{kind: ast.BadValue, message: "bad prefix " + quote(w), hint: "expected an address, a slash and a length from 0 to 32, such as 10.0.0.0/8"}
		}}
	leafPrefixLen   = num("prefixLen", 0, 32, "length of the mask")
	leafRouteMap    = free("routeMapID", "<map_tag>", "route map", 63)
	leafRouteMapSeq = num("routeMapSeq", 0, 65535, "place in the map")
	leafRIPKey      = num("ripKeyID", 0, 255, "number of the key")
	leafRIPVersion  = num("ripVersion", 1, 2, "version of RIP")
	leafMaxGroups   = num("maxGroups", 0, 500, "groups that hosts may join")
	leafIGMPVersion = num("igmpVersion", 1, 2, "version of IGMP")
)

var routingLeaves = []*leaf{leafProcess, leafArea, leafCost, leafOSPFMetric, leafMetricType, leafOSPFSeconds, leafDigestID, leafRouteTag,
	leafDistance, leafPriority, leafPrefixName, leafPrefixSeq, leafPrefixNet, leafPrefixLen, leafRouteMap, leafRouteMapSeq, leafRIPKey,
	leafRIPVersion, leafMaxGroups, leafIGMPVersion}

func (l *ospfProcess) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafProcess) }
func (l *ospfArea) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafArea) }
func (l *ospfCost) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafCost) }
func (l *ospfMetric) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafOSPFMetric) }
func (l *metricType) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafMetricType) }
func (l *ospfSeconds) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafOSPFSeconds) }
func (l *digestID) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafDigestID) }
func (l *routeTag) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafRouteTag) }
func (l *distance) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafDistance) }
func (l *priority) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafPriority) }
func (l *prefixName) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafPrefixName) }
func (l *prefixSeq) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPrefixSeq) }
func (l *prefixNet) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPrefixNet) }
func (l *prefixLen) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafPrefixLen) }
func (l *routeMapID) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafRouteMap) }
func (l *routeMapSeq) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafRouteMapSeq) }
func (l *ripKeyID) Parse(x *lexer.PeekingLexer) error    { return l.take(x, leafRIPKey) }
func (l *ripVersion) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafRIPVersion) }
func (l *maxGroups) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafMaxGroups) }
func (l *igmpVersion) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafIGMPVersion) }

// prefixOf reads IP/LEN.
func prefixOf(w string) (ast.Net, bool) {
	a, b, found := strings.Cut(w, "/")
	ip, ok := ast.ParseIP(a)
	n, err := strconv.Atoi(b)
	if !found || !ok || err != nil || len(b) > 2 || n < 0 || n > 32 {
		return ast.Net{}, false
	}
	return ast.Net{IP: ip, Mask: ast.MaskOf(n)}, true
}
