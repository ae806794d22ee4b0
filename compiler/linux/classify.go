package linux

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler/nft"
)

// fate is what the translation to nftables alone makes of a kind of line that leaves no trace in the rules.
type fate struct {
	status  Status
	reason  string
	traffic bool
}

func harmless(format string, args ...any) fate {
	return fate{status: Harmless, reason: fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) fate {
	return fate{status: Refused, reason: fmt.Sprintf(format, args...), traffic: true}
}

func approximated(format string, args ...any) fate {
	return fate{status: Approximated, reason: fmt.Sprintf(format, args...)}
}

// byKind is the fate of a command that stands in no rule of the output. device gives the Linux name of an interface by its
// hardware or nameif name.
func byKind(cmd ast.Command, device func(string) string) fate {
	switch c := cmd.(type) {
	case *ast.Version, *ast.Checksum:
		return harmless("frame of the listing")
	case *ast.Interface:
		if c.Shutdown {
			return refused("the interface is shut down on the PIX; on the host set it down: ip link set %s down", device(c.Hardware))
		}
		return harmless("speed and duplex are negotiated by the host's driver")
	case *ast.Nameif:
		return fate{status: Exact, reason: fmt.Sprintf("%s is device %s; its level decides which chains there are", c.Name, device(c.Hardware))}
	case *ast.EnablePassword, *ast.Passwd:
		return harmless("password of the PIX's own console; the host has its own accounts")
	case *ast.Hostname, *ast.DomainName:
		return harmless("a name of the box, in no rule")
	case *ast.Names, *ast.Name:
		return harmless("an alias for an address; rules name addresses")
	case *ast.Pager, *ast.TerminalWidth, *ast.SessionTimeout:
		return harmless("setting of the PIX's own console")
	case *ast.PDMHistory, *ast.HTTPServer:
		return harmless("the PIX's own web manager has no counterpart here")
	case *ast.SNMPText, *ast.SNMPCommunity, *ast.SNMPTraps, *ast.SNMPHost:
		return harmless("the host runs no SNMP agent of the PIX; requests to the box are dropped")
	case *ast.Management:
		return harmless("management of the PIX itself; nothing here listens for %s", c.Service)
	case *ast.FailoverSwitch:
		if c.On {
			return refused("there is no failover pair here")
		}
		return harmless("failover is off")
	case *ast.FailoverTimeout, *ast.FailoverPoll, *ast.FailoverAddress:
		return harmless("a setting of failover, which is not translated")
	case *ast.ARPTimeout:
		return harmless("the kernel keeps its own neighbour timers")
	case *ast.Audit:
		return harmless("no audit is bound to an interface, so the default action never applies")
	case *ast.Floodguard:
		return harmless("it only reclaims resources of the PIX under attack")
	case *ast.MTU:
		if c.Bytes == 1500 {
			return harmless("the MTU of the host's device is 1500 as it comes")
		}
		return approximated("the host must do it: ip link set %s mtu %d", device(c.If), c.Bytes)
	case *ast.IPAddress:
		if !c.On {
			return harmless("the interface has no address")
		}
		return approximated("the rules count on it, the host must do it: ip address add %v dev %s", c.Net, device(c.If))
	case *ast.Route:
		return approximated("the rules count on it, the host must do it: ip route add %s via %v dev %s", prefix(c.Net), c.Gateway, device(c.If))
	case *ast.Timeout:
		return timeoutFate(c)
	case *ast.Fixup:
		return fixupFate(c)
	case *ast.AAAProtocol:
		switch c.Tag {
		case "TACACS+", "RADIUS", "LOCAL":
			return harmless("a server group that every PIX has; it names no server")
		}
		return refused("a server group for user authentication, which nftables cannot do")
	case *ast.AAAHost:
		return refused("a server for user authentication, which nftables cannot do")
	case *ast.AAARule:
		if c.What == "accounting" {
			return fate{status: Refused, reason: "accounting of connections needs a daemon; traffic passes without it"}
		}
		return refused("nftables cannot ask a user for a password; the traffic is dropped")
	case *ast.TransformSet, *ast.MapEntry, *ast.MapClientAddress, *ast.MapAuthentication, *ast.MapInterface,
		*ast.ISAKMPEnable, *ast.ISAKMPKey, *ast.ISAKMPIdentity, *ast.ISAKMPPool, *ast.ISAKMPPolicy, *ast.ISAKMPNatTraversal,
		*ast.VPNGroup, *ast.Pool:
		return refused("IKE and IPsec are not in this target; tunnels do not come up")
	case *ast.Sysopt:
		if c.Option == "connection permit-ipsec" {
			return refused("there are no tunnels in this target whose traffic it could let pass")
		}
		return refused("the option has no counterpart in this target")
	case *ast.AccessList, *ast.Remark:
		return harmless("no interface, translation or tunnel of this target uses the list")
	}
	if f, ok := byFamily(cmd); ok {
		return f
	}
	return refused("no rule carries this line")
}

func prefix(n ast.Net) string {
	if n.Mask == 0 {
		return "default"
	}
	return n.String()
}

func timeoutFate(c *ast.Timeout) fate {
	var names []string
	for _, t := range c.Timers {
		names = append(names, t.Name)
	}
	switch c.Timers[0].Name {
	case "xlate":
		return approximated("a translation ends with its last connection; Linux does not hold an idle one for %s", ast.HMS(c.Timers[0].Time))
	case "uauth":
		return harmless("no user is authenticated in this target")
	}
	if c.Timers[0].Name == "conn" {
		return approximated("conn, half-closed and udp are settings of the host, listed at the head of %s; rpc and h225 have no timer of their own", rulesFile)
	}
	return approximated("%s: the kernel's timers of plain connections apply", strings.Join(names, ", "))
}

// fixupFate is what nft.Fixups says of an inspection.
func fixupFate(c *ast.Fixup) fate {
	if !c.On {
		return harmless("the inspection is off, and nothing here does it")
	}
	for i := range nft.Fixups {
		switch r := &nft.Fixups[i]; {
		case r.Protocol != c.Protocol:
		case r.Rules.Refused:
			return refused("%s: %s", r.Protocol, r.Rules.Lacks)
		default:
			return approximated("%s: %s", r.Protocol, r.Rules.Lacks)
		}
	}
	return refused("%s: nothing here does it", c.Protocol)
}
