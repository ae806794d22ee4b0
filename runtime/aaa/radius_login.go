package aaa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"

	"pixfw/compiler"
)

// portVirtual is the NAS-Port-Type of users who come through the box.
const portVirtual = 5

// radiusLogin asks a server about a user, and after that for the access list that it names.
func (c *Client) radiusLogin(ctx context.Context, g *group, s *server, plan *compiler.Plan, r *Request) (Result, error) {
	s.count(func(st *Stats) { st.Authentications++ })
	p, err := c.newPacket(radius.CodeAccessRequest, s)
	if err != nil {
		return Result{}, err
	}
	if err := errors.Join(text(p, rfc2865.UserName_Type, r.User), rfc2865.UserPassword_SetString(p, string(r.Password)),
		callingStation(p, r.Client)); err != nil {
		return Result{}, errors.New("name or password is longer than RADIUS can carry")
	}
	number(p, rfc2865.NASPort_Type, c.nasPort.Add(1))
	number(p, rfc2865.NASPortType_Type, portVirtual)
	if len(r.State) > 0 {
		p.Add(rfc2865.State_Type, radius.Attribute(r.State))
	}
	answer, err := c.exchange(ctx, g, s, plan.AAA.AuthPort, p, r.User, false)
	if err != nil {
		return Result{}, err
	}
	res, named := readLogin(s, answer, r.User)
	if !named {
		return res, nil
	}
	if res.List == "" {
		res.ListError = errors.New("the server names a list without a name")
		return res, nil
	}
	if r.Held != nil {
		if held, ok := r.Held(res.List); ok {
			res.ACEs = held
			return res, nil
		}
	}
	// The server has let the user in: nobody else is to be asked who might do so without the list.
	if res.ACEs, err = c.download(ctx, g, s, plan, res.List); err != nil {
		res.ListError = fmt.Errorf("downloading it: %w", err)
		c.debug(debugTrouble, "access list "+res.List, res.ListError.Error())
	}
	return res, nil
}

// Bounds of an access list that a server sends.
const (
	maxEntries  = 4096
	maxDownload = 256 // packets that it comes in: some 4 kB each
)

// userList begins the name of the list of a user whose entries come with the answer (unconfirmed).
const userList = "AAA-user-"

// readLogin turns an answer into a result (commands-vpn-aaa-show.md section 5.3). named says that the server has to be asked for the
// entries of the list. Of several lists the one that it names for download holds, then entries that came along, then the last name: which
// of them a PIX takes is not known.
func readLogin(s *server, p *radius.Packet, user string) (res Result, named bool) {
	res = Result{Level: -1, Message: message(strings.Join(texts(p, rfc2865.ReplyMessage_Type), "\n"))}
	switch p.Code {
	case radius.CodeAccessReject:
		s.count(func(st *Stats) { st.Rejects++ })
		res.Outcome = Reject
		return res, false
	case radius.CodeAccessChallenge:
		s.count(func(st *Stats) { st.Challenges++ })
		res.Outcome, res.State = Challenge, p.Get(rfc2865.State_Type)
		return res, false
	default:
		s.count(func(st *Stats) { st.Accepts++ })
		res.Outcome = Pass
	}
	if f := texts(p, rfc2865.FilterID_Type); len(f) > 0 {
		res.ACL, res.Restricted = f[0], true
	}
	all := pairs(p)
	for _, a := range all {
		switch name, value, _ := strings.Cut(a, "="); name {
		case "acl":
			res.ACL, res.Restricted = value, true
		case "ACS:CiscoSecure-Defined-ACL":
			res.List, res.Restricted, named = value, true, true
		case "shell:priv-lvl", "priv-lvl":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 15 {
				res.Level = n
			}
		}
	}
	if res.ACEs = entries(all); len(res.ACEs) > 0 {
		if res.Restricted = true; !named {
			res.List = userList + user
		}
	}
	res.Session, res.Idle = seconds(p, rfc2865.SessionTimeout_Type), seconds(p, rfc2865.IdleTimeout_Type)
	for _, a := range p.Attributes {
		if a.Type == rfc2865.Class_Type {
			res.Class = append(res.Class, a.Attribute)
		}
	}
	return res, named
}

func texts(p *radius.Packet, typ radius.Type) (out []string) {
	for _, a := range p.Attributes {
		if a.Type == typ {
			out = append(out, string(a.Attribute))
		}
	}
	return out
}

func seconds(p *radius.Packet, typ radius.Type) *time.Duration {
	n, err := radius.Integer(p.Get(typ))
	if err != nil {
		return nil
	}
	d := time.Duration(n) * time.Second
	return &d
}

// entries are those of `ip:inacl#N=ENTRY`, by N. What is meant to be one and is not written so stands at the end as it is: whoever reads the
// list will not understand it, and must not leave it out.
func entries(pairs []string) []string {
	type entry struct {
		n    int
		text string
	}
	var list []entry
	for _, a := range pairs {
		rest, ok := strings.CutPrefix(a, "ip:inacl")
		if !ok {
			continue
		}
		no, line, ok := strings.Cut(rest, "=")
		no, is := strings.CutPrefix(no, "#")
		n, err := strconv.ParseUint(no, 10, 31)
		if !ok || !is || err != nil {
			list = append(list, entry{math.MaxInt, a})
			continue
		}
		list = append(list, entry{int(n), strings.TrimSpace(line)})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.n, b.n) })
	var out []string
	for _, e := range list {
		out = append(out, e.text)
	}
	return out
}

// download fetches a named access list: a request in its name, repeated with State while the server answers with a part of it
// and a challenge (commands-vpn-aaa-show.md section 5.3).
func (c *Client) download(ctx context.Context, g *group, s *server, plan *compiler.Plan, name string) ([]string, error) {
	var all []string
	var state []byte
	for range maxDownload {
		p, err := c.newPacket(radius.CodeAccessRequest, s)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(text(p, rfc2865.UserName_Type, name), rfc2865.UserPassword_SetString(p, ""),
			pair(p, "AAA:service=ip-admission"), pair(p, "AAA:event=acl-download")); err != nil {
			return nil, err
		}
		if len(state) > 0 {
			p.Add(rfc2865.State_Type, state)
		}
		answer, err := c.exchange(ctx, g, s, plan.AAA.AuthPort, p, name, false)
		if err != nil {
			return nil, err
		}
		for _, a := range pairs(answer) {
			if strings.HasPrefix(a, "ip:inacl") {
				all = append(all, a)
			}
		}
		if len(all) > maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		switch answer.Code {
		case radius.CodeAccessAccept:
			return entries(all), nil
		case radius.CodeAccessChallenge:
			if state = answer.Get(rfc2865.State_Type); len(state) == 0 {
				return nil, errors.New("a part of it that says nothing of the next")
			}
		default:
			return nil, errors.New("the server refuses it")
		}
	}
	return nil, fmt.Errorf("more than %d packets of it", maxDownload)
}

// radiusAccount reports to a server.
func (c *Client) radiusAccount(ctx context.Context, g *group, s *server, plan *compiler.Plan, r *Record) (Result, error) {
	s.count(func(st *Stats) { st.Accountings++ })
	p, err := c.newPacket(radius.CodeAccountingRequest, s)
	if err != nil {
		return Result{}, err
	}
	status := rfc2866.AcctStatusType_Value_Start
	if r.Stop {
		status = rfc2866.AcctStatusType_Value_Stop
	}
	number(p, rfc2866.AcctStatusType_Type, uint32(status))
	err = errors.Join(text(p, rfc2866.AcctSessionID_Type, fmt.Sprintf("0x%08x", r.ID)), text(p, rfc2865.UserName_Type, r.User),
		callingStation(p, r.Client))
	number(p, rfc2865.NASPort_Type, r.ID)
	number(p, rfc2865.NASPortType_Type, portVirtual)
	number(p, rfc2865.LoginIPHost_Type, uint32(r.Local.IP))
	number(p, rfc2865.LoginTCPPort_Type, uint32(r.Local.Port))
	if r.Stop {
		number(p, rfc2866.AcctSessionTime_Type, uint32(r.Elapsed/time.Second))
		number(p, rfc2866.AcctInputOctets_Type, uint32(r.In))
		number(p, rfc2866.AcctOutputOctets_Type, uint32(r.Out))
		if r.In>>32 != 0 || r.Out>>32 != 0 {
			number(p, rfc2869.AcctInputGigawords_Type, uint32(r.In>>32))
			number(p, rfc2869.AcctOutputGigawords_Type, uint32(r.Out>>32))
		}
	}
	for _, class := range r.Class {
		p.Add(rfc2865.Class_Type, class)
	}
	err = errors.Join(err, pair(p, fmt.Sprintf("ip:source-port=%d", r.Foreign.Port)),
		pair(p, "ip:destination-ip="+r.Local.IP.String()), pair(p, fmt.Sprintf("ip:destination-port=%d", r.Local.Port)))
	if err != nil {
		return Result{}, err
	}
	if _, err := c.exchange(ctx, g, s, plan.AAA.AcctPort, p, r.User, plan.Sysopt.RADIUSIgnoreSecret); err != nil {
		return Result{}, err
	}
	return Result{Outcome: Pass, Level: -1}, nil
}
