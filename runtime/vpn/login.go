package vpn

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"pixfw/compiler"
	"pixfw/runtime/aaa"
	"pixfw/runtime/ike"
)

// askTime is how long all servers of a group together may take for one user: two that are dead, of the longest timeout (30 seconds,
// three tries each), and then LOCAL. It is less than a login may take in all (ike: five minutes).
const askTime = 4 * time.Minute

// xauthIf stands where other logins have their interface (commands-vpn-aaa-show.md section 5.5).
const xauthIf = "IKE-XAUTH"

// authenticate asks a server group about the user of a client, beside the machine.
func (s *service) authenticate(e ike.Authenticate) {
	group := &s.plan.AAAGroups[e.Group]
	tag := group.Tag // the next plan may number its groups otherwise
	if s.asking[tag] >= maxAsking {
		s.do(s.machine.AuthResult(e.ID, ike.AuthResult{Verdict: ike.Unavailable}))
		return
	}
	r := aaa.Request{User: e.User, Password: e.Password, Client: e.Peer, State: e.State, Local: e.Fallback, Held: s.held.entries, Flow: &aaa.Flow{From: end(e.Peer), If: xauthIf}}
	if group.Protocol == "local" { // the answer is in the plan
		s.do(s.machine.AuthResult(e.ID, s.verdict(&answer{user: e.User, result: s.c.servers.AuthenticateWith(s.ctx, tag, r)})))
		return
	}
	s.asking[tag]++
	ask := group.Protocol == "tacacs+" && authorizes(s.plan, e.Group)
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, askTime)
		defer cancel()
		got := s.c.servers.AuthenticateWith(ctx, tag, r)
		if ask && got.Outcome == aaa.Pass {
			r.Flow = nil
			got = withAttributes(got, s.c.servers.AuthorizeWith(ctx, tag, r, aaa.UserArgs()))
		}
		a := answer{id: e.ID, tag: tag, user: e.User, result: got}
		a.list, a.trouble = s.readList(&got)
		select {
		case s.answers <- a:
		case <-s.stop:
		}
	})
}

// withAttributes is a login with what the server says of its user in general.
func withAttributes(login, of aaa.Result) aaa.Result {
	switch of.Outcome {
	case aaa.Pass:
		login.Restricted, login.ACL, login.Session, login.Idle = of.Restricted, of.ACL, of.Session, of.Idle
	case aaa.Reject: // a server that does not let him have a shell has nothing to say of him here
	default: // nobody knows what holds for him
		login.Outcome, login.Reason = aaa.Failed, of.Reason
	}
	return login
}

func end(a netip.Addr) aaa.End {
	if !a.Is4() {
		return aaa.End{}
	}
	return aaa.End{IP: fromAddr(a)}
}

// authorizes reports whether a group is asked what users may do: then it is asked about them in general too
// (commands-vpn-aaa-show.md 5.2).
func authorizes(plan *compiler.Plan, group int) bool {
	return slices.ContainsFunc(plan.AAARules, func(r compiler.AAARule) bool { return r.What == "authorization" && r.Group == group })
}

// verdict is the answer of a group as the machine knows it. A user whose access list cannot be had is refused.
func (s *service) verdict(a *answer) ike.AuthResult {
	r := &a.result
	out := ike.AuthResult{Message: r.Message, State: r.State}
	switch r.Outcome {
	case aaa.Pass:
		out.Verdict = ike.Accept
	case aaa.Reject:
		out.Verdict = ike.Reject
	case aaa.Challenge:
		out.Verdict = ike.Challenge
	default:
		out.Verdict = ike.Unavailable
	}
	if r.Outcome != aaa.Pass {
		return out
	}
	list, ok := s.listOf(a.user, r, a.list, a.trouble)
	if !ok {
		out.Verdict = ike.Unavailable
		return out
	}
	out.Session = &session{*r, list}
	if r.Session != nil {
		out.MaxTime = *r.Session
	}
	if r.Idle != nil {
		out.IdleTime = *r.Idle
	}
	return out
}

// clean is a text from outside, for a message.
func clean(s string) string {
	const longest = 100
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s[:min(len(s), longest)])
}
