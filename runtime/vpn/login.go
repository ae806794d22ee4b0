package vpn

import (
	"context"
	"net/netip"
	"time"

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
	r := aaa.Request{User: e.User, Password: e.Password, Client: e.Peer, State: e.State, Local: e.Fallback, Flow: &aaa.Flow{From: end(e.Peer), If: xauthIf}}
	if group.Protocol == "local" { // the answer is in the plan
		s.do(s.machine.AuthResult(e.ID, verdict(s.c.servers.AuthenticateWith(s.ctx, tag, r))))
		return
	}
	s.asking[tag]++
	s.work.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, askTime)
		defer cancel()
		got := s.c.servers.AuthenticateWith(ctx, tag, r)
		select {
		case s.answers <- answer{e.ID, tag, verdict(got)}:
		case <-s.stop:
		}
	})
}

func end(a netip.Addr) aaa.End {
	if !a.Is4() {
		return aaa.End{}
	}
	return aaa.End{IP: fromAddr(a)}
}

// verdict is the answer of a group as the machine knows it.
func verdict(r aaa.Result) ike.AuthResult {
	out := ike.AuthResult{Message: r.Message, State: r.State, Session: r}
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
	return out
}
