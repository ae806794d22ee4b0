package ast

import "fmt"

// A Refusal is the PIX's answer to a statement that cannot be replayed. Its text is what the console shows.
type Refusal struct {
	Code string // diagnostic code, E3xx or E2xx
	Text string // the PIX's own words
	Kind Kind
}

func (r *Refusal) Error() string { return r.Text }

// NoEffect reports whether the configuration is as the statement wants it although it was refused: what it adds was there
// already, what it removes never was.
func (r *Refusal) NoEffect(s Statement) bool {
	switch r.Code {
	case "E301", "E302", "E303", "E332":
		return true
	case "E304", "E201", "E208":
		return s.Verb != Set
	}
	return false
}

// The texts of refusals, in one place because most of them are best beliefs (commands-firewall.md section 6).
func refuseDuplicateACE() *Refusal {
	return &Refusal{"E301", "ACE not added. Possible duplicate entry", Lint}
}
func refuseDuplicateRoute() *Refusal { return &Refusal{"E302", "Route already exists", Lint} }
func refuseDuplicate(c Command) *Refusal {
	if c.Family() == "nat" {
		return &Refusal{"E303", "Duplicate NAT entry", Lint}
	}
	return &Refusal{"E303", "Duplicate entry: " + Text(c), Lint}
}
func refuseNoSuch(c Command) *Refusal {
	return &Refusal{"E304", "ERROR: no such command in the configuration: " + Text(c), BadReference}
}
func refuseNoACL(id string) *Refusal {
	return &Refusal{"E201", fmt.Sprintf("ERROR: access-list <%s> does not exist", id), BadReference}
}
func refuseUsedACL(id, by string) *Refusal {
	return &Refusal{"E305", fmt.Sprintf("ERROR: access-list <%s> is in use by %s", id, by), BadReference}
}

func refuseNoGroup(id string) *Refusal {
	return &Refusal{"E208", fmt.Sprintf("Specified object group <%s> not found", id), BadReference}
}
func refuseGroupType(id, is string) *Refusal {
	return &Refusal{"E330", fmt.Sprintf("An object-group with the same id but different type (%s) exists: %s", id, is), BadReference}
}
func refuseMemberType(c Command, group *ObjectGroup) *Refusal {
	return &Refusal{"E331", fmt.Sprintf("ERROR: %s does not fit into %s", Text(c), Text(group)), BadReference}
}
func refuseDuplicateMember(c Command, id string) *Refusal {
	return &Refusal{"E332", fmt.Sprintf("Adding obj (%s) to grp (%s) failed; object already exists", Text(c), id), Lint}
}
func refuseUsedGroup(id, by string) *Refusal {
	return &Refusal{"E333", fmt.Sprintf("unable to delete object-group (%s): it is used by %s", id, by), BadReference}
}
func refuseCycle(inner, outer string) *Refusal {
	return &Refusal{"E334", fmt.Sprintf("Adding obj (group-object %s) to grp (%s) failed; a group cannot hold itself", inner, outer), BadReference}
}
func refuseNesting(inner, outer string) *Refusal {
	return &Refusal{"E335", fmt.Sprintf("Adding obj (group-object %s) to grp (%s) failed; the groups are nested too deeply", inner, outer), BadReference}
}
func refuseNoGroupOpen(c Command) *Refusal {
	return &Refusal{"E336", "ERROR: no object-group is open for: " + Text(c), BadReference}
}

func refuseNoMode(c ModeLine) *Refusal {
	return &Refusal{"E340", fmt.Sprintf("ERROR: no %s is open for: %s", c.modeWord(), Text(c)), BadReference}
}
