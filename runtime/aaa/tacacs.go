package aaa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"pixfw/runtime/aaa/tacacs"
)

// nasName is the port that a PIX gives as its own (commands-vpn-aaa-show.md section 5.2).
const nasName = "PIX"

// maxQuestions bounds a dialogue.
const maxQuestions = 16

// privilege that requests are made with.
const privilege = 1

// dialogue opens a session with a server and leads it, as often as its group says while nobody answers. One deadline holds for
// a try, from the first packet to the last; talk may put it off while it is the user who is waited for.
func (c *Client) dialogue(ctx context.Context, g *group, s *server, typ tacacs.Type, minor byte,
	talk func(ctx context.Context, conn net.Conn, t *tacacs.Session) (Result, error)) (res Result, err error) {
	for range g.attempts() {
		if res, err = c.once(ctx, s, typ, minor, talk); err == nil || ctx.Err() != nil || !errors.Is(err, errNoAnswer) {
			return res, err
		}
		s.count(func(st *Stats) { st.Timeouts++ })
	}
	return res, err
}

func (c *Client) once(ctx context.Context, s *server, typ tacacs.Type, minor byte,
	talk func(ctx context.Context, conn net.Conn, t *tacacs.Session) (Result, error)) (Result, error) {
	conn, stop, err := c.dial(ctx, "tcp", s, c.o.TACACSPort, s.timeout())
	if err != nil {
		return Result{}, c.noAnswer(ctx, err)
	}
	defer conn.Close()
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(s.timeout())); err != nil {
		return Result{}, err
	}
	if ctx.Err() != nil { // the line above may have undone what the end of the context did
		return Result{}, ctx.Err()
	}
	t, err := tacacs.Open(conn, string(s.conf.Key), c.o.Rand, typ, minor)
	if err != nil {
		return Result{}, err
	}
	c.debugOf(ctx, debugTacacsPacket, int(typ), t.ID())
	began := time.Now()
	res, err := talk(ctx, conn, t)
	switch {
	case err == nil:
		s.answers(time.Since(began))
	case errors.Is(err, tacacs.ErrFormat):
		s.count(func(st *Stats) { st.BadReplies++ })
	case ctx.Err() != nil:
		err = ctx.Err()
	}
	return res, err
}

// turn sends a body and returns that of the answer.
func (c *Client) turn(ctx context.Context, t *tacacs.Session, what string, body []byte) ([]byte, error) {
	if err := t.Send(body); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	c.debugOf(ctx, debugTacacsSend, what, t.ID(), t.Seq())
	answer, err := t.Receive()
	if errors.Is(err, tacacs.ErrFormat) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	c.debugOf(ctx, debugTacacsReceived, t.ID(), t.Seq())
	return answer, nil
}

// authenNames are the words of `debug tacacs` for a status.
var authenNames = map[byte]string{tacacs.AuthenPass: "PASS", tacacs.AuthenFail: "FAIL", tacacs.AuthenGetData: "GETDATA",
	tacacs.AuthenGetUser: "GETUSER", tacacs.AuthenGetPass: "GETPASS", tacacs.AuthenRestart: "RESTART", tacacs.AuthenError: "ERROR",
	tacacs.AuthenFollow: "FOLLOW"}

// tacacsLogin leads the dialogue of a login.
func (c *Client) tacacsLogin(ctx context.Context, g *group, s *server, r *Request) (Result, error) {
	s.count(func(st *Stats) { st.Authentications++ })
	start := tacacs.AuthenStart{Privilege: privilege, Type: tacacs.TypeASCII, Service: tacacs.ServiceLogin,
		User: r.User, Port: nasName, RemAddr: r.caller()}
	minor := byte(0)
	if r.Enable {
		start.Service = tacacs.ServiceEnable
	} else if r.PAP {
		minor, start.Type, start.Data = 1, tacacs.TypePAP, string(r.Password)
	}
	body, err := start.Body()
	if err != nil {
		return Result{}, errors.New("name or password is longer than TACACS+ can carry")
	}
	return c.dialogue(ctx, g, s, tacacs.Authentication, minor, func(ctx context.Context, conn net.Conn, t *tacacs.Session) (Result, error) {
		c.debugOf(ctx, debugTacacsUser, r.User)
		what, body, given := "Start", body, false
		for range maxQuestions {
			answer, err := c.turn(ctx, t, what, body)
			if err != nil {
				return Result{}, err
			}
			reply, err := tacacs.ParseAuthenReply(answer)
			if err != nil {
				return Result{}, err
			}
			c.debugOf(ctx, debugTacacsAuthen, authenNames[reply.Status])
			text := ""
			switch reply.Status {
			case tacacs.AuthenPass:
				s.count(func(st *Stats) { st.Accepts++ })
				return Result{Outcome: Pass, Level: -1, Message: message(reply.Message)}, nil
			case tacacs.AuthenFail:
				s.count(func(st *Stats) { st.Rejects++ })
				return Result{Outcome: Reject, Level: -1, Message: message(reply.Message)}, nil
			case tacacs.AuthenGetUser:
				text = r.User
			case tacacs.AuthenGetPass, tacacs.AuthenGetData:
				if !given && reply.Status == tacacs.AuthenGetPass {
					given, text = true, string(r.Password)
					break
				}
				if text, err = c.askUser(ctx, conn, s, r, &reply); err != nil {
					return c.hangUp(t, s, reply.Message, err)
				}
			case tacacs.AuthenError, tacacs.AuthenRestart, tacacs.AuthenFollow:
				s.count(func(st *Stats) { st.Errors++ })
				return failed("the server says " + authenNames[reply.Status] + ": " + printable(reply.Message)), nil
			default:
				return Result{}, fmt.Errorf("%w: status %d", tacacs.ErrFormat, reply.Status)
			}
			if body, err = tacacs.AuthenContinue(text, false); err != nil {
				return Result{}, errors.New("answer is longer than TACACS+ can carry")
			}
			what = "Continue"
		}
		return failed("the server asks more than " + strconv.Itoa(maxQuestions) + " questions"), nil
	})
}

// askUser puts a further question of the server to the user, and gives the server its time again after that.
func (c *Client) askUser(ctx context.Context, conn net.Conn, s *server, r *Request, reply *tacacs.AuthenReply) (string, error) {
	if r.Ask == nil {
		return "", errors.New("nobody to ask")
	}
	s.count(func(st *Stats) { st.Challenges++ })
	text, err := r.Ask(ctx, message(reply.Message), !reply.NoEcho)
	if err != nil {
		return "", err
	}
	if err := conn.SetDeadline(time.Now().Add(s.timeout())); err != nil {
		return "", err
	}
	return text, ctx.Err()
}

// hangUp ends a dialogue in which nobody answers the server's question; that is the user's failure, not the server's.
func (c *Client) hangUp(t *tacacs.Session, s *server, said string, why error) (Result, error) {
	c.debug(debugTrouble, "login given up", why.Error())
	body, err := tacacs.AuthenContinue("", true)
	if err != nil {
		return Result{}, err
	}
	if err := t.Send(body); err != nil {
		return Result{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	s.count(func(st *Stats) { st.Rejects++ })
	return Result{Outcome: Reject, Level: -1, Message: message(said)}, nil
}

func (r *Request) caller() string {
	if r.Client.IsValid() {
		return r.Client.String()
	}
	return ""
}

// tacacsAuthorize asks what a user may.
func (c *Client) tacacsAuthorize(ctx context.Context, g *group, s *server, r *Request, args []string) (Result, error) {
	s.count(func(st *Stats) { st.Authorizations++ })
	body, err := (&tacacs.AuthorRequest{Method: tacacs.MethodTACACS, Privilege: privilege, Type: tacacs.TypeASCII,
		Service: tacacs.ServiceLogin, User: r.User, Port: nasName, RemAddr: r.caller(), Args: args}).Body()
	if err != nil {
		return Result{}, err
	}
	return c.dialogue(ctx, g, s, tacacs.Authorization, 0, func(_ context.Context, _ net.Conn, t *tacacs.Session) (Result, error) {
		answer, err := c.turn(ctx, t, "Author", body)
		if err != nil {
			return Result{}, err
		}
		reply, err := tacacs.ParseAuthorReply(answer)
		if err != nil {
			return Result{}, err
		}
		res := Result{Level: -1, Message: message(reply.Message), Args: reply.Args}
		switch reply.Status {
		case tacacs.AuthorPassAdd, tacacs.AuthorPassRepl:
			c.debugOf(ctx, debugTacacsAuthor, "PASS")
			s.count(func(st *Stats) { st.Accepts++ })
			res.Outcome = Pass
			res.userAttributes()
		case tacacs.AuthorFail:
			c.debugOf(ctx, debugTacacsAuthor, "FAIL")
			s.count(func(st *Stats) { st.Rejects++ })
			res.Outcome = Reject
		case tacacs.AuthorError, tacacs.AuthorFollow:
			c.debugOf(ctx, debugTacacsAuthor, "ERROR")
			s.count(func(st *Stats) { st.Errors++ })
			return failed("the server says ERROR: " + printable(reply.Message)), nil
		default:
			return Result{}, fmt.Errorf("%w: status %d", tacacs.ErrFormat, reply.Status)
		}
		return res, nil
	})
}

// userAttributes reads what a server states about a user in general; times are in minutes (commands-vpn-aaa-show.md 5.2).
func (r *Result) userAttributes() {
	minutes := func(s string) *time.Duration {
		n, err := strconv.ParseUint(s, 10, 24)
		if err != nil {
			return nil
		}
		d := time.Duration(n) * time.Minute
		return &d
	}
	for _, a := range r.Args {
		i := strings.IndexAny(a, "=*")
		if i < 0 {
			continue
		}
		switch value := a[i+1:]; a[:i] {
		case "acl":
			r.ACL, r.Restricted = value, true
		case "timeout":
			r.Session = minutes(value)
		case "idletime":
			r.Idle = minutes(value)
		case "priv-lvl":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= 15 {
				r.Level = n
			}
		}
	}
}

// tacacsAccount reports to a server.
func (c *Client) tacacsAccount(ctx context.Context, g *group, s *server, r *Record) (Result, error) {
	s.count(func(st *Stats) { st.Accountings++ })
	req := tacacs.AcctRequest{Flags: tacacs.AcctStart, AuthorRequest: tacacs.AuthorRequest{Method: tacacs.MethodTACACS,
		Privilege: privilege, Type: tacacs.TypeASCII, Service: tacacs.ServiceLogin, User: r.User, Port: nasName,
		RemAddr: (&Request{Client: r.Client}).caller(),
		Args: []string{fmt.Sprintf("task_id=0x%x", r.ID), "foreign_ip=" + r.Foreign.IP.String(), "local_ip=" + r.Local.IP.String(),
			"cmd=" + r.Service}}}
	if r.Stop {
		req.Flags = tacacs.AcctStop
		req.Args = append(req.Args, fmt.Sprintf("elapsed_time=%d", r.Elapsed/time.Second), fmt.Sprintf("bytes_in=%d", r.In),
			fmt.Sprintf("bytes_out=%d", r.Out))
	}
	body, err := req.Body()
	if err != nil {
		return Result{}, err
	}
	return c.dialogue(ctx, g, s, tacacs.Accounting, 0, func(_ context.Context, _ net.Conn, t *tacacs.Session) (Result, error) {
		answer, err := c.turn(ctx, t, "Account", body)
		if err != nil {
			return Result{}, err
		}
		reply, err := tacacs.ParseAcctReply(answer)
		if err != nil {
			return Result{}, err
		}
		if reply.Status != tacacs.AcctSuccess {
			c.debugOf(ctx, debugTacacsAcct, "ERROR")
			s.count(func(st *Stats) { st.Errors++ })
			return failed("the server does not take the report: " + printable(reply.Message)), nil
		}
		c.debugOf(ctx, debugTacacsAcct, "SUCCESS")
		return Result{Outcome: Pass, Level: -1}, nil
	})
}
