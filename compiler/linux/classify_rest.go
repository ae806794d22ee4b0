package linux

import (
	"pixfw/ast"
)

// byFamily is the fate of commands that concern the box and its services, and of those that shape traffic without leaving a
// rule of their own. ok is false for commands that it does not know.
func byFamily(cmd ast.Command) (f fate, ok bool) {
	switch c := cmd.(type) {
	case *ast.ObjectGroup, *ast.GroupDescription, *ast.GroupObject, *ast.NetworkObject, *ast.PortObject, *ast.ProtocolObject, *ast.ICMPObject:
		return fate{status: Exact, reason: "its members stand in the rules of the entries that use the group"}, true
	case *ast.ListCompiled, *ast.ListLimit:
		return harmless("it changes speed or logging of lists, not what they match"), true
	case *ast.StandardACE:
		return harmless("a list for route maps, which filter no packets"), true
	case *ast.Cleared, *ast.WholeList, *ast.WholeMap, *ast.AAAGroup, *ast.VPNClientAll:
		return harmless("it takes back what earlier lines said"), true
	case *ast.Action:
		return harmless("an action of the moment, not configuration"), true
	case *ast.Service:
		return refused("denied connections are dropped without a reset"), true
	case *ast.Fragment:
		return approximated("the kernel reassembles every datagram with its own limits"), true
	case *ast.ReversePath, *ast.AccessGroup, *ast.Global, *ast.Nat, *ast.Static, *ast.ICMPRule, *ast.Conduit, *ast.Outbound, *ast.Apply,
		*ast.Established, *ast.Alias, *ast.Shun:
		return refused("no rule carries this line"), true
	case *ast.AAAMatch:
		return refused("nftables cannot ask a user for a password; the traffic is dropped"), true
	case *ast.Virtual, *ast.AAASecureHTTP, *ast.AAAProxyLimit, *ast.AuthPrompt:
		return refused("part of user authentication, which nftables cannot do"), true
	case *ast.AAAMACExempt, *ast.MACList:
		return harmless("no rule asks the hosts of the list for a user"), true
	case *ast.AAAConsole, *ast.AAACommand, *ast.AAALimit, *ast.AAAPort, *ast.Username, *ast.Privilege:
		return harmless("it is about logins on the PIX itself"), true
	case *ast.URLServer, *ast.Filter, *ast.URLCache, *ast.URLBlock:
		return refused("content filters need a proxy; pages pass unfiltered"), true
	case *ast.AuditName, *ast.AuditInterface, *ast.AuditSignature:
		return refused("signatures are not looked for"), true
	case *ast.LoggingSwitch, *ast.LoggingLevel, *ast.LoggingFacility, *ast.LoggingQueue, *ast.LoggingHost, *ast.LoggingDeviceID,
		*ast.LoggingMessage, *ast.LoggingMessageLevel:
		return harmless("logging: what is denied goes to an nflog group, which a daemon of the host may read"), true
	case *ast.NTPServer, *ast.NTPAuthenticate, *ast.NTPKey, *ast.NTPTrusted, *ast.Timezone, *ast.SummerTime:
		return harmless("the host keeps its own clock"), true
	case *ast.DHCPDAddress, *ast.DHCPDAutoConfig, *ast.DHCPDDomain, *ast.DHCPDEnable, *ast.DHCPDLease, *ast.DHCPDOption, *ast.DHCPDPing,
		*ast.DHCPDServers, *ast.RelayEnable, *ast.RelayServer, *ast.RelayTimeout:
		return refused("no DHCP server or relay is written; requests reach what the host has for them, if anything"), true
	case *ast.FailoverInterface, *ast.FailoverKey, *ast.FailoverLAN, *ast.FailoverLink, *ast.FailoverMAC, *ast.FailoverReplication, *ast.FailoverUnit:
		return harmless("a setting of failover, which is not translated"), true
	case *ast.RIP, *ast.RouterOSPF, *ast.RoutingInterface, *ast.OSPFAreaNSSA, *ast.OSPFAreaRange, *ast.OSPFAreaSetting, *ast.OSPFDefault,
		*ast.OSPFDistance, *ast.OSPFInterface, *ast.OSPFNetwork, *ast.OSPFOption, *ast.OSPFRedistribute, *ast.OSPFRouterID, *ast.OSPFSummary,
		*ast.OSPFTimers, *ast.OSPFVirtualLink, *ast.PrefixList, *ast.PrefixDescription, *ast.RouteMap, *ast.RouteMatch, *ast.RouteSet:
		return refused("no routing daemon is configured: routes that it would learn are missing"), true
	case *ast.Multicast, *ast.IGMP, *ast.MRoute:
		return refused("multicast is not forwarded"), true
	case *ast.VPDNEnable, *ast.VPDNGroup, *ast.VPDNUser, *ast.VPNClientLogin, *ast.VPNClientMACExempt, *ast.VPNClientManagement,
		*ast.VPNClientMode, *ast.VPNClientServer, *ast.VPNClientSwitch:
		return refused("PPP tunnels and the VPN client are not in this target"), true
	case *ast.CAConfigure, *ast.CAIdentity, *ast.CASubjectName, *ast.CAVerifyDN, *ast.ISAKMPKeepalive, *ast.ISAKMPPeer, *ast.MapSessionKey,
		*ast.SALifetime, *ast.TransformMode:
		return refused("IKE and IPsec are not in this target; tunnels do not come up"), true
	case *ast.ARP:
		return approximated("the host must do it: ip neigh add %v lladdr %v", c.IP, c.MAC), true
	case *ast.VLAN:
		return approximated("the host must make the VLAN device"), true
	case *ast.Banner, *ast.PDMGroup, *ast.PDMLocation, *ast.PDMLogging, *ast.TFTPServer, *ast.ManagementAccess, *ast.MGCP, *ast.MGCPQueue,
		*ast.UpdateDeviceID, *ast.UpdatePoll, *ast.UpdateServer, *ast.UpdateTimeout:
		return harmless("a setting of the PIX's own management"), true
	}
	return fate{}, false
}
