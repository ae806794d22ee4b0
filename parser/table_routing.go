package parser

// routingCommands are the routing protocols and multicast.
var routingCommands = []*command{
	cmd("rip", "routes by RIP", newForm[ripGrammar](), newForm[noRIPGrammar](),
		"rip IF default|passive [version 1|2 [authentication text|md5 KEY ID]]", "rip inside passive version 1",
		"rip outside default version 2 authentication md5 secretkey 2"),
	cmd("router", "routes by OSPF", newForm[routerGrammar](), newForm[noRouterGrammar](), "router ospf PROCESS", "router ospf 1"),
	cmd("routing", "OSPF on an interface", newForm[routingGrammar](), newForm[noRoutingGrammar](), "routing interface IF", "routing interface outside"),
	cmd("prefix-list", "networks by their masks", newForm[prefixListGrammar](), newForm[noPrefixListGrammar](),
		"prefix-list NAME [seq N] permit|deny IP/LENGTH [ge N] [le N]\nprefix-list NAME description TEXT\nprefix-list sequence-number",
		"prefix-list inner seq 5 permit 10.0.0.0/8 ge 16 le 24", "prefix-list inner description networks of the house", "no prefix-list sequence-number"),
	cmd("route-map", "which routes are announced", newForm[routeMapGrammar](), newForm[noRouteMapGrammar](),
		"route-map NAME [permit|deny] [SEQ]", "route-map announce permit 10"),
	cmd("multicast", "multicast on an interface", newForm[multicastGrammar](), newForm[noMulticastGrammar](),
		"multicast interface IF [max-groups N]", "multicast interface inside"),
	cmd("mroute", "route of multicast", newForm[mrouteGrammar](), newForm[noMRouteGrammar](),
		"mroute SRC MASK IN_IF GROUP MASK OUT_IF", "mroute 10.1.1.0 255.255.255.0 inside 239.1.0.0 255.255.0.0 outside"),
}

// modeCommands are the lines of sub-modes.
var modeCommands = []*command{
	cmd("network", "networks that OSPF runs on", newForm[networkGrammar](), newForm[noNetworkGrammar](),
		"network IP MASK area AREA", "network 10.0.0.0 255.0.0.0 area 0"),
	cmd("area", "an OSPF area", newForm[areaGrammar](), newForm[noAreaGrammar](),
		"area AREA authentication [message-digest]\narea AREA default-cost N\narea AREA filter-list prefix NAME in|out\n"+
			"area AREA nssa [no-redistribution] [default-information-originate [metric-type N] [metric N]]\narea AREA range IP MASK [advertise|not-advertise]\n"+
			"area AREA stub [no-summary]\narea AREA virtual-link ROUTER {OPTION}\n"+
			"\tOPTION: authentication [message-digest|null] | authentication-key KEY | message-digest-key N md5 KEY |\n"+
			"\t        hello-interval|retransmit-interval|transmit-delay|dead-interval SECONDS",
		"area 0 authentication message-digest", "area 1 default-cost 20", "area 1 filter-list prefix inner in", "area 1 nssa default-information-originate metric-type 1 metric 10",
		"area 1 range 10.1.0.0 255.255.0.0 not-advertise", "area 0.0.0.2 stub no-summary", "area 1 virtual-link 10.9.9.9 authentication message-digest hello-interval 5"),
	cmd("compatible", "summaries as RFC 1583 computes them", newForm[compatibleGrammar](), newForm[noCompatibleGrammar](), "compatible rfc1583", "no compatible rfc1583"),
	cmd("ignore", "no message about MOSPF", newForm[ignoreGrammar](), newForm[noIgnoreGrammar](), "ignore lsa mospf", "ignore lsa mospf"),
	cmd("log-adj-changes", "messages about neighbours", newForm[adjGrammar](), newForm[noAdjGrammar](), "log-adj-changes [detail]", "log-adj-changes detail"),
	cmd("router-id", "how the box names itself", newForm[routerIDGrammar](), newForm[noRouterIDGrammar](), "router-id IP", "router-id 10.1.1.1"),
	cmd("default-information", "announce a default route", newForm[originateGrammar](), newForm[noOriginateGrammar](),
		"default-information originate [always] [metric N] [metric-type N] [route-map NAME]", "default-information originate always metric 10 metric-type 1"),
	cmd("distance", "trust in routes of OSPF", newForm[distanceGrammar](), newForm[noDistanceGrammar](),
		"distance ospf [intra-area N] [inter-area N] [external N]", "distance ospf intra-area 100 external 120"),
	cmd("redistribute", "announce routes from elsewhere", newForm[redistGrammar](), newForm[noRedistGrammar](),
		"redistribute static|connected [metric N] [metric-type N] [route-map NAME] [tag N] [subnets]\nredistribute ospf PROCESS [match internal|external [N]|nssa-external [N]] ...",
		"redistribute static metric 10 metric-type 1 subnets", "redistribute ospf 2 match internal external 1 route-map announce"),
	cmd("summary-address", "announce a summary of routes from elsewhere", newForm[summaryGrammar](), newForm[noSummaryGrammar](),
		"summary-address IP MASK [not-advertise] [tag N]", "summary-address 10.1.0.0 255.255.0.0 tag 3"),
	cmd("timers", "times of OSPF", newForm[timersGrammar](), newForm[noTimersGrammar](), "timers spf DELAY HOLD\ntimers lsa-group-pacing SECONDS",
		"timers spf 5 10", "timers lsa-group-pacing 240"),
	cmd("ospf", "OSPF on this interface", newForm[ospfGrammar](), newForm[noOSPFGrammar](),
		"ospf authentication [message-digest|null]\nospf authentication-key KEY\nospf message-digest-key ID md5 KEY\nospf cost N\nospf priority N\n"+
			"ospf hello-interval|dead-interval|retransmit-interval|transmit-delay SECONDS\nospf database-filter all out\nospf mtu-ignore",
		"ospf authentication message-digest", "ospf message-digest-key 1 md5 secretkey", "ospf cost 20", "ospf priority 0", "ospf dead-interval 60", "ospf mtu-ignore"),
	cmd("match", "routes that a route map is about", newForm[matchGrammar](), newForm[noMatchGrammar](),
		"match interface IF\nmatch metric N\nmatch ip address|next-hop|route-source ACL\nmatch route-type local|internal|external [type-1|type-2]|nssa-external [type-1|type-2]", "match ip address 10", "match route-type external type-1"),
	cmd("set", "what a route map changes", newForm[setGrammar](), newForm[noSetGrammar](),
		"set metric N\nset metric-type type-1|type-2|internal|external\nset ip next-hop IP", "set metric 5", "set ip next-hop 10.1.1.9"),
	cmd("igmp", "hosts that join multicast groups", newForm[igmpGrammar](), newForm[noIGMPGrammar](),
		"igmp forward interface IF\nigmp join-group IP\nigmp access-group ACL\nigmp version 1|2\nigmp query-interval SECONDS\nigmp query-max-response-time SECONDS",
		"igmp forward interface outside", "igmp join-group 239.1.1.1", "igmp version 2", "igmp query-interval 60"),
}

var routingHelp = map[string]string{
	"passive": "learn routes from others", "version": "version of the protocol", "text": "by a password in clear",
	"seq": "place in the list", "ge": "masks at least that long", "le": "masks at most that long", "description": "text about the list",
	"max-groups": "groups that hosts may join", "forward": "send what hosts say on", "join-group": "join a group", "access-group": "which groups hosts may join",
	"query-interval": "seconds between two questions", "query-max-response-time": "seconds to answer", "metric": "metric", "metric-type": "type of the metric",
	"next-hop": "gateway of the routes", "route-source": "router that announced the routes", "route-type": "type of the routes", "internal": "routes of OSPF itself",
	"external": "routes from elsewhere", "nssa-external": "routes from elsewhere in an NSSA", "type-1": "type 1", "type-2": "type 2", "area": "OSPF area",
	"message-digest": "by MD5", "null": "none", "hello-interval": "seconds between two hellos", "retransmit-interval": "seconds until a message is sent again",
	"transmit-delay": "seconds that a message is under way", "dead-interval": "seconds until a silent neighbour is given up", "message-digest-key": "key for MD5",
	"no-redistribution": "no routes from elsewhere into it", "default-information-originate": "a default route into it", "default-cost": "cost of the default route",
	"filter-list": "which networks leave or enter the area", "prefix": "prefix list", "out": "networks that leave", "nssa": "not-so-stubby area",
	"advertise": "announce the summary", "not-advertise": "announce nothing", "stub": "stub area", "no-summary": "no summaries into it",
	"virtual-link": "link through the area to the backbone", "rfc1583": "as RFC 1583 has it", "lsa": "link state messages", "mospf": "of multicast OSPF", "detail": "every change",
	"originate": "announce it", "always": "even without one", "route-map": "route map", "tag": "tag of the routes", "subnets": "subnets, too", "intra-area": "of its own area",
	"inter-area": "of other areas", "connected": "networks of the interfaces", "static": "static routes", "spf": "computation of routes", "lsa-group-pacing": "seconds between two refreshes",
	"authentication-key": "password", "cost": "cost of the interface", "database-filter": "what is sent", "all": "everything", "mtu-ignore": "neighbours may have another MTU",
	"priority": "in the election of the designated router",
}
