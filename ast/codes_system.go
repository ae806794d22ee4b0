package ast

// systemCodes documents what concerns sub-modes.
func systemCodes() []Code {
	return []Code{
		{"E231", "audit policy does not exist",
			"The line binds an audit policy to an interface, and no ip audit name line defines it. It has no effect.",
			twoInterfaces + "ip audit name Watch attack action alarm drop\nip audit interface outside Wach",
			"Correct the name, or define the policy with ip audit name."},
		{"E232", "prefix list does not exist",
			"An area of OSPF is filtered by a prefix list that no prefix-list line defines.",
			"router ospf 1\narea 1 filter-list prefix inner in", "Correct the name, or define the list with prefix-list."},
		{"E233", "route map does not exist",
			"OSPF announces routes by a route map that no route-map line defines.",
			"router ospf 1\nredistribute static route-map announce", "Correct the name, or define the map with route-map."},
		{"E340", "line of a sub-mode that is not open",
			"The lines of router ospf, routing interface, route-map and multicast interface follow the command that they belong to. Here none is open: the line before is another command.",
			"network 10.0.0.0 255.0.0.0 area 0", "Put the line behind the command that it belongs to."},
		{"E341", "interface name is taken",
			"no nameif gives a port the name back that it comes with: outside, inside, intf2 and so on. Another interface has that name now.",
			"nameif ethernet0 dmz security50\nnameif ethernet1 outside security0\nno nameif ethernet0", "Rename the other interface first, or use clear nameif, which renames all at once."},
	}
}
