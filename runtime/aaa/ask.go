package aaa

import (
	"context"
	"errors"
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
)

// errNoAnswer is the end of a try that nobody answered in time.
var errNoAnswer = errors.New("no answer")

// question is one question to a server of a group; it returns a Failed result, or an error, when the server has not decided.
type question func(ctx context.Context, g *group, s *server) (Result, error)

// maxUser bounds a name: longer ones no protocol carries.
const maxUser = 253

// Authenticate asks a group whether the user is who he says.
func (c *Client) Authenticate(ctx context.Context, groupIndex int, r Request) Result {
	g, plan := c.group(groupIndex)
	return c.authenticate(ctx, g, plan, r)
}

// AuthenticateWith is Authenticate with the group of a tag: it is the same one whatever Plan has been applied meanwhile, or has gone.
func (c *Client) AuthenticateWith(ctx context.Context, tag string, r Request) Result {
	g, plan := c.tagged(tag)
	return c.authenticate(ctx, g, plan, r)
}

func (c *Client) authenticate(ctx context.Context, g *group, plan *compiler.Plan, r Request) Result {
	if g == nil {
		return failed("there is no such group")
	}
	c.debug(debugStart, r.User, r.from(), r.to(), g.Tag)
	if r.Flow != nil {
		c.message(r.Flow, 109001, r.User, r.Flow.From, r.Flow.To)
	}
	var res Result
	switch {
	case len(r.User) > maxUser:
		res = failed(fmt.Sprintf("a name of %d bytes", len(r.User)))
	case g.Protocol == "local":
		res = local(plan, &r)
	case g.Protocol == "radius":
		res = c.each(ctx, g, &r, r.Local, func(ctx context.Context, g *group, s *server) (Result, error) {
			return c.radiusLogin(ctx, g, s, plan, &r)
		})
	default:
		res = c.each(ctx, g, &r, r.Local, func(ctx context.Context, g *group, s *server) (Result, error) {
			return c.tacacsLogin(ctx, g, s, &r)
		})
	}
	if res.Outcome == Failed && r.Local && g.Protocol != "local" && len(r.User) <= maxUser && ctx.Err() == nil {
		c.debug(debugFallback, r.User, g.Tag)
		c.message(r.Flow, 409023, "LOCAL", "authentication")
		res = local(plan, &r)
	}
	c.debug(debugResult, r.User, g.Tag, res.Outcome.String())
	if r.Flow != nil {
		switch res.Outcome {
		case Pass:
			c.message(r.Flow, 109005, r.User, r.Flow.From, r.Flow.To, r.Flow.If)
		case Reject:
			c.message(r.Flow, 109006, r.User, r.Flow.From, r.Flow.To, r.Flow.If)
		case Failed, Challenge:
		}
	}
	return res
}

// Authorize asks a TACACS+ group whether the user may do what the arguments say; see ConnectionArgs, CommandArgs and UserArgs.
// Other protocols know no such question (commands-vpn-aaa-show.md section 1.10).
func (c *Client) Authorize(ctx context.Context, groupIndex int, r Request, args []string) Result {
	g, _ := c.group(groupIndex)
	return c.authorize(ctx, g, r, args)
}

// AuthorizeWith is Authorize with the group of a tag.
func (c *Client) AuthorizeWith(ctx context.Context, tag string, r Request, args []string) Result {
	g, _ := c.tagged(tag)
	return c.authorize(ctx, g, r, args)
}

func (c *Client) authorize(ctx context.Context, g *group, r Request, args []string) Result {
	switch {
	case g == nil:
		return failed("there is no such group")
	case g.Protocol != "tacacs+":
		return failed("only TACACS+ authorizes")
	}
	c.debug(debugAuthorStart, r.User, g.Tag, fmt.Sprint(args))
	res := c.each(ctx, g, &r, false, func(ctx context.Context, g *group, s *server) (Result, error) {
		return c.tacacsAuthorize(ctx, g, s, &r, args)
	})
	c.debug(debugAuthorResult, r.User, g.Tag, res.Outcome.String())
	if r.Flow != nil {
		switch res.Outcome {
		case Pass:
			c.message(r.Flow, 109007, r.User, r.Flow.From, r.Flow.To, r.Flow.If)
		case Reject:
			c.message(r.Flow, 109008, r.User, r.Flow.From, r.Flow.To, r.Flow.If)
		case Failed, Challenge:
		}
	}
	return res
}

// Account reports to a group, and says why when no server has taken the report.
func (c *Client) Account(ctx context.Context, groupIndex int, rec Record) error {
	g, plan := c.group(groupIndex)
	return c.account(ctx, g, plan, rec)
}

// AccountWith is Account with the group of a tag.
func (c *Client) AccountWith(ctx context.Context, tag string, rec Record) error {
	g, plan := c.tagged(tag)
	return c.account(ctx, g, plan, rec)
}

func (c *Client) account(ctx context.Context, g *group, plan *compiler.Plan, rec Record) error {
	var res Result
	switch {
	case g == nil:
		return errors.New("accounting: there is no such group")
	case g.Protocol == "local":
		return errors.New("accounting: LOCAL takes none")
	case g.Protocol == "radius":
		res = c.each(ctx, g, &Request{User: rec.User}, false, func(ctx context.Context, g *group, s *server) (Result, error) {
			return c.radiusAccount(ctx, g, s, plan, &rec)
		})
	default:
		res = c.each(ctx, g, &Request{User: rec.User}, false, func(ctx context.Context, g *group, s *server) (Result, error) {
			return c.tacacsAccount(ctx, g, s, &rec)
		})
	}
	what := "start"
	if rec.Stop {
		what = "stop"
	}
	c.debug(debugAcct, rec.User, g.Tag, what, rec.ID, res.Outcome.String())
	if res.Outcome != Pass {
		return fmt.Errorf("accounting with %s: %s", g.Tag, res.Reason)
	}
	return nil
}

// each asks the servers of a group in turn until one has decided. fallback says that the caller has somebody else to ask, so
// that servers which all count as dead are left in peace.
func (c *Client) each(ctx context.Context, g *group, r *Request, fallback bool, ask question) Result {
	if err := g.acquire(ctx); err != nil {
		return failed(err.Error())
	}
	defer g.release()
	if len(g.servers) == 0 {
		c.allFailed(r)
		return failed("group " + g.Tag + " has no server")
	}
	servers, some := g.alive(c.o.Clock.Now())
	if !some && fallback {
		return failed("every server of " + g.Tag + " counts as dead")
	}
	ctx = context.WithValue(ctx, userKey{}, r.User)
	reason := ""
	for _, s := range servers {
		s.count(func(st *Stats) { st.Pending++ })
		res, err := c.tries(ctx, g, s, ask)
		s.count(func(st *Stats) { st.Pending-- })
		if err == nil && res.Outcome != Failed {
			res.Server = address(s.conf.IP)
			return res
		}
		if err != nil {
			res.Reason = err.Error()
		}
		reason = address(s.conf.IP).String() + ": " + res.Reason
		c.debug(debugTrouble, "server "+address(s.conf.IP).String(), res.Reason)
		if ctx.Err() != nil {
			return failed(reason)
		}
		if r.Flow != nil {
			c.message(r.Flow, 109002, r.Flow.From, r.Flow.To, s.conf.IP, r.Flow.If)
		}
	}
	c.allFailed(r)
	return failed(reason)
}

func (c *Client) allFailed(r *Request) {
	if r.Flow != nil {
		c.message(r.Flow, 109003, r.Flow.From, r.Flow.To, r.Flow.If)
	}
}

// tries asks one server, which counts as dead when it has not answered as often as its group says.
func (c *Client) tries(ctx context.Context, g *group, s *server, ask question) (Result, error) {
	if s.conf.Key.Masked() {
		return Result{}, errors.New("its key is masked in the configuration")
	}
	res, err := ask(ctx, g, s)
	if errors.Is(err, errNoAnswer) && ctx.Err() == nil {
		s.dies(c.o.Clock.Now(), g.Deadtime)
		c.debug(debugServerDead, address(s.conf.IP).String(), g.Tag, g.Deadtime.String())
	}
	return res, err
}

// attempts of one question to a server of the group.
func (g *group) attempts() int { return max(1, g.MaxFailed) }

func failed(reason string) Result { return Result{Reason: reason, Level: -1} }

// local asks the user table (commands-vpn-aaa-show.md section 5.4).
func local(plan *compiler.Plan, r *Request) Result {
	for i := range plan.AAA.Users {
		if u := &plan.AAA.Users[i]; u.Name == r.User {
			if u.Check(string(r.Password)) {
				return Result{Outcome: Pass, Local: true, Level: u.Level}
			}
			break
		}
	}
	return Result{Outcome: Reject, Local: true, Level: -1}
}

func (r *Request) from() string {
	if r.Flow != nil {
		return r.Flow.From.String()
	}
	return r.Client.String()
}

func (r *Request) to() string {
	if r.Flow != nil {
		return r.Flow.To.String()
	}
	return End{IP: ast.IP(0)}.String()
}
