package shell

import (
	"slices"
	"strings"
	"time"

	"pixfw/ast"
)

// clockText is a moment as the box prints it: 12:54:16.272 UTC Fri Jul 4 2003.
func clockText(t time.Time) string { return t.Format("15:04:05.000 MST Mon Jan 2 2006") }

// local is a moment by the clock of the configuration (commands-firewall.md section 5.11).
func (s *Session) local(t time.Time) time.Time { return localTime(s.running, t) }

func localTime(cfg *ast.Config, t time.Time) time.Time {
	zone, offset := "UTC", time.Duration(0)
	if z, ok := ast.First[*ast.Timezone](cfg, nil); ok && z.Zone != "" {
		minutes := time.Duration(z.Minutes) * time.Minute
		if z.Hours < 0 {
			minutes = -minutes
		}
		zone, offset = z.Zone, time.Duration(z.Hours)*time.Hour+minutes
	}
	standard := t.UTC().In(time.FixedZone(zone, int(offset/time.Second)))
	c, ok := ast.First[*ast.SummerTime](cfg, nil)
	if !ok || c.Zone == "" {
		return standard
	}
	from, to, more := c.From, c.To, time.Duration(c.Offset)*time.Minute
	if from == nil || to == nil { // as in the United States then
		from, to = &ast.ClockPoint{Week: "first", Weekday: "Sun", Month: "Apr", Hour: 2}, &ast.ClockPoint{Week: "last", Weekday: "Sun", Month: "Oct", Hour: 2}
	}
	if more == 0 {
		more = time.Hour
	}
	// It begins by the clock of winter, and ends by its own.
	begin, end := pointIn(from, standard), pointIn(to, standard).Add(-more)
	summer := !standard.Before(begin) && standard.Before(end)
	if begin.After(end) { // south of the equator
		summer = !standard.Before(begin) || standard.Before(end)
	}
	if !summer {
		return standard
	}
	return t.UTC().In(time.FixedZone(c.Zone, int((offset+more)/time.Second)))
}

// pointIn is a point of the calendar in the year of t, unless it has one of its own, by the clock of t.
func pointIn(p *ast.ClockPoint, t time.Time) time.Time {
	begins := func(list []string, word string) int {
		return slices.IndexFunc(list, func(w string) bool { return strings.EqualFold(w, word[:min(3, len(word))]) })
	}
	month := time.Month(1 + begins([]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}, p.Month))
	if p.Year != 0 {
		return time.Date(p.Year, month, p.Day, p.Hour, p.Minute, 0, 0, t.Location())
	}
	day := time.Weekday(begins([]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, p.Weekday))
	at := time.Date(t.Year(), month, 1, p.Hour, p.Minute, 0, 0, t.Location())
	at = at.AddDate(0, 0, int(day-at.Weekday()+7)%7)
	if strings.EqualFold(p.Week, "last") {
		for at.AddDate(0, 0, 7).Month() == month {
			at = at.AddDate(0, 0, 7)
		}
		return at
	}
	if n := strings.Index("1234", p.Week); n > 0 && len(p.Week) == 1 {
		at = at.AddDate(0, 0, 7*n)
	}
	return at
}
