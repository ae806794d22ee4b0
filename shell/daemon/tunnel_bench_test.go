package daemon

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/runtime/kernel/lab/gateway"
)

// BenchmarkTunnel carries TCP through tunnels of vpnc, a client of others, in UDP: one whose other end is this box as `pixfw run`, and
// one whose other end is charon. Both are up all the time, and take turns of two seconds, so that what else the machine does meets
// both. It prints a line of a table for each transform: the median of the turns, what the gateway has taken of a core meanwhile, and
// how many times as much pixfw has carried, a second and for a second of processor time.
//
//	go test ./shell/daemon -run '^$' -bench Tunnel -benchtime 1x
func BenchmarkTunnel(b *testing.B) {
	for _, set := range [][2]string{{"esp-aes esp-sha-hmac", "aes128-sha1"}, {"esp-3des esp-sha-hmac", "3des-sha1"}, {"esp-des esp-md5-hmac", "des-md5"}} {
		b.Run(set[1], func(b *testing.B) { benchTunnel(b, set) })
	}
}

const (
	tunnelRounds = 5
	tunnelTurn   = 2 // seconds
)

// A tunnelEnd is a lab with a gateway, and a client whose tunnel is up.
type tunnelEnd struct {
	*gateway.Place
	pid int
}

func newTunnelEnd(b *testing.B, who string, set [2]string) *tunnelEnd {
	b.Helper()
	e := &tunnelEnd{Place: gateway.New(b, "pixt"+who[:1], []string{"NATT=force-natt", "ESP_PROPOSALS=" + set[1]}, "nft", "python3", "iperf3", "vpnc")}
	seed := e.Seed()
	if who == "charon" {
		e.Script("up.sh", "--addr")
		e.Undo("down.sh")
		e.pid = e.Charon()
	} else {
		e.Script("up.sh")
		e.Undo("down.sh")
		text := strings.NewReplacer("transform-set myset esp-des esp-md5-hmac", "transform-set myset "+set[0],
			"isakmp identity address\n", "isakmp identity address\nisakmp nat-traversal 20\n").Replace(localUsers.Replace(seed))
		e.pid = e.Pixfw(text, labSecrets, "ethernet0=outside", "ethernet1=inside")
	}
	e.Script("vpnc.sh", "start")
	e.Undo("vpnc.sh", "stop")
	server := e.Command("ip", "netns", "exec", e.In("in"), "iperf3", "-s", "-B", tunnelServer)
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Process.Kill(); err != nil {
			b.Error(err)
		}
		_ = server.Wait() // says that it was killed
	})
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(e.Must("ip", "netns", "exec", e.In("in"), "ss", "-Hltn", "sport = 5201"), "5201"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("iperf3 does not start")
		}
	}
	return e
}

const tunnelServer = "10.89.129.131"

// turn carries what goes through in a turn: Mbit/s, and which part of a core the gateway takes.
func (e *tunnelEnd) turn(b *testing.B, down bool, seconds int) (rate, cpu float64) {
	b.Helper()
	args := []string{"netns", "exec", e.In("out"), "iperf3", "-c", tunnelServer, "-B", "10.89.129.200", "-t", fmt.Sprint(seconds), "-J"}
	if down {
		args = append(args, "-R")
	}
	before, began := gateway.CPU(b, e.pid), time.Now()
	out, err := e.Command("ip", args...).Output()
	took := time.Since(began)
	var r struct {
		End struct {
			Sum struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
	}
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return r.End.Sum.Rate / 1e6, (gateway.CPU(b, e.pid) - before).Seconds() / took.Seconds()
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func benchTunnel(b *testing.B, set [2]string) {
	if _, err := exec.LookPath("charon-systemd"); err != nil {
		b.Skip(err)
	}
	names := []string{"pixfw", "charon"}
	ends := map[string]*tunnelEnd{}
	for _, who := range names {
		ends[who] = newTunnelEnd(b, who, set)
	}
	for _, e := range ends { // TCP and the processor get going
		e.turn(b, false, 1)
		e.turn(b, true, 1)
	}
	row := "| " + set[0]
	for _, way := range []string{"up", "down"} {
		rates, cpus := map[string][]float64{}, map[string][]float64{}
		for i := range tunnelRounds {
			for k := range names {
				who := names[(i+k)%2]
				rate, cpu := ends[who].turn(b, way == "down", tunnelTurn)
				rates[who], cpus[who] = append(rates[who], rate), append(cpus[who], cpu)
			}
		}
		var rate, perCore [2]float64
		for k, who := range names {
			rate[k] = median(rates[who])
			cpu := median(cpus[who])
			perCore[k] = rate[k] / cpu
			b.ReportMetric(rate[k], who+"-Mbit/s-"+way)
			b.ReportMetric(100*cpu, who+"-%cpu-"+way)
			row += fmt.Sprintf(" | %.0f (%.0f %%)", rate[k], 100*cpu)
		}
		b.ReportMetric(rate[0]/rate[1], "times-"+way)
		row += fmt.Sprintf(" | %.2f, %.1f", rate[0]/rate[1], perCore[0]/perCore[1])
	}
	b.ReportMetric(0, "ns/op")
	b.Logf("\n| transforms | pixfw up | charon up | times, by processor | pixfw down | charon down | times, by processor |\n%s |", row)
}
