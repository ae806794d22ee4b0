package uauth

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A Service is what a user speaks.
type Service uint8

// The services where a PIX asks for a user (semantics.md 5.2).
const (
	FTP Service = iota
	Telnet
	HTTP
	HTTPS
)

// Limits bound what strangers can make the listener do. Zero fields are the defaults.
type Limits struct {
	Wait      time.Duration // for a connection as a whole: 10 s
	Open      int           // connections at once: 1024
	PerSource int           // of one address: 128, the most that aaa proxy-limit can be; the rules hold to the limit itself
}

// A Listener answers users who would have to log in.
type Listener struct {
	limits Limits
	list   []net.Listener
	work   sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	from   map[netip.Addr]int
	closed bool
}

// Listen opens the port of each service, by listen: in the namespace of the firewall. Where one cannot be opened none is.
func Listen(listen func(network, address string) (net.Listener, error), ports map[Service]uint16, limits Limits) (*Listener, error) {
	if limits.Wait <= 0 {
		limits.Wait = 10 * time.Second
	}
	if limits.Open <= 0 {
		limits.Open = 1024
	}
	if limits.PerSource <= 0 {
		limits.PerSource = 128
	}
	l := &Listener{limits: limits, open: map[net.Conn]bool{}, from: map[netip.Addr]int{}}
	for service := FTP; service <= HTTPS; service++ {
		port, is := ports[service]
		if !is {
			continue
		}
		s, err := listen("tcp4", fmt.Sprintf(":%d", port))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("where users log in: %w", err), l.Close())
		}
		l.list = append(l.list, s)
		l.work.Go(func() { l.accept(s, service) })
	}
	return l, nil
}

// Close ends all connections.
func (l *Listener) Close() error {
	l.mu.Lock()
	l.closed = true
	var errs []error
	for _, s := range l.list {
		errs = append(errs, s.Close())
	}
	l.list = nil
	for c := range l.open {
		c.Close() // its goroutine ends, whatever this says
	}
	l.mu.Unlock()
	l.work.Wait()
	return errors.Join(errs...)
}

func (l *Listener) accept(s net.Listener, service Service) {
	for {
		c, err := s.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(50 * time.Millisecond) // of descriptors there are more later
			continue
		}
		from, ok := l.enter(c)
		if !ok {
			c.Close()
			continue
		}
		l.work.Go(func() {
			defer l.leave(c, from)
			if c.SetDeadline(time.Now().Add(l.limits.Wait)) != nil {
				return
			}
			_ = Refuse(c, service) // the user has gone, or was too slow
		})
	}
}

func (l *Listener) enter(c net.Conn) (netip.Addr, bool) {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	from := a.AddrPort().Addr()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.open) >= l.limits.Open || l.from[from] >= l.limits.PerSource {
		return from, false
	}
	l.open[c] = true
	l.from[from]++
	return from, true
}

func (l *Listener) leave(c net.Conn, from netip.Addr) {
	c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	if l.from[from]--; l.from[from] <= 0 {
		delete(l.from, from)
	}
}

// sorry is what users are told.
const sorry = "Authentication is required, and this firewall cannot ask for it yet"

// maxRequest bounds what is read of a user.
const maxRequest = 8 << 10

// Refuse answers one connection in the words of its service, and does not close it.
func Refuse(c io.ReadWriter, service Service) error {
	in := bufio.NewReaderSize(io.LimitReader(c, maxRequest), 1024)
	switch service {
	case FTP:
		_, err := io.WriteString(c, "421 "+sorry+".\r\n")
		return err
	case Telnet:
		_, err := io.WriteString(c, "\r\n"+sorry+".\r\n")
		return err
	case HTTP:
		// The request is read to its end, so that the answer is not lost in a reset.
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			if strings.TrimRight(line, "\r\n") == "" {
				break
			}
		}
		body := "<html><head><title>Error</title></head><body><h1>" + sorry + ".</h1></body></html>\r\n"
		_, err := fmt.Fprintf(c, "HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
			len(body), body)
		return err
	case HTTPS:
		// Fatal alert "access denied" of TLS 1.0, after the first record: there is no certificate to speak behind.
		head := make([]byte, 5)
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, in, int64(head[3])<<8|int64(head[4])); err != nil {
			return err
		}
		_, err := c.Write([]byte{21, 3, 1, 0, 2, 2, 49})
		return err
	}
	return fmt.Errorf("unknown service %d", service)
}
