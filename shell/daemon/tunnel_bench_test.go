package daemon

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkTunnel carries TCP through a tunnel of vpnc, a client of others, in UDP, once with this box as `pixfw run` at the other end
// and once with charon. It ends after one round, however often it is to run; Mbit/s is the median of three runs of three seconds.
//
//	go test ./shell/daemon -run '^$' -bench Tunnel -benchtime 1x
func BenchmarkTunnel(b *testing.B) {
	for _, set := range [][2]string{{"esp-aes esp-sha-hmac", "aes128-sha1"}, {"esp-3des esp-sha-hmac", "3des-sha1"}, {"esp-des esp-md5-hmac", "des-md5"}} {
		for _, who := range []string{"pixfw", "charon"} {
			b.Run(set[1]+"/"+who, func(b *testing.B) { benchTunnel(b, set, who) })
		}
	}
}

func benchTunnel(b *testing.B, set [2]string, who string) {
	for _, tool := range []string{"ip", "nft", "setsid", "python3", "iperf3", "vpnc", "charon-systemd", "swanctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skip(err)
		}
	}
	seed, err := os.ReadFile(filepath.Join(labDir, "../seed/pixfirewall.cfg"))
	if err != nil {
		b.Skip("the lab is not beside the source: ", err)
	}
	if os.Getuid() != 0 {
		b.Skip("namespaces need root")
	}
	dir, prefix := b.TempDir(), fmt.Sprintf("pixt%d", os.Getpid())
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Env = append(os.Environ(), "PIXLAB_PREFIX="+prefix, "PIXLAB_STATE="+filepath.Join(dir, "lab"), "NATT=force-natt", "BIND=10.89.129.200",
			"ESP_PROPOSALS="+set[1])
		return c
	}
	must := func(name string, args ...string) string {
		b.Helper()
		file, err := os.CreateTemp(dir, "out") // no pipe: what a script leaves running keeps it open
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		c := command(name, args...)
		c.Stdout, c.Stderr = file, file
		err = c.Run()
		out, _ := os.ReadFile(file.Name()) // for the message only
		if err != nil {
			b.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	script := func(name string, args ...string) string {
		b.Helper()
		return must("bash", append([]string{filepath.Join(labDir, name)}, args...)...)
	}
	pid := 0
	if who == "charon" {
		script("up.sh", "--addr")
		b.Cleanup(func() { script("down.sh") })
		script("fake-pix-strongswan.sh", "start")
		b.Cleanup(func() { script("fake-pix-strongswan.sh", "stop") })
		pid = processIn(b, prefix+"-pix", "charon-systemd")
	} else {
		script("up.sh")
		b.Cleanup(func() { script("down.sh") })
		text := strings.NewReplacer("transform-set myset esp-des esp-md5-hmac", "transform-set myset "+set[0],
			"client authentication AuthInbound", "client authentication LOCAL", "isakmp identity address\n", "isakmp identity address\nisakmp nat-traversal 20\n",
			"aaa-server LOCAL protocol local\n", "aaa-server LOCAL protocol local\nusername cisco_customer password cisco\n").Replace(string(seed))
		config, secrets, program := filepath.Join(dir, "pix.cfg"), filepath.Join(dir, "secrets"), filepath.Join(dir, "pixfw")
		for name, text := range map[string]string{config: text, secrets: labSecrets} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		must("go", "build", "-o", program, "pixfw/cmd/pixfw")
		fw := command("ip", "netns", "exec", prefix+"-pix", program, "run", config, "--interface", "ethernet0=outside", "--interface", "ethernet1=inside",
			"--secrets", secrets, "--state", filepath.Join(dir, "state"))
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			b.Fatal(err)
		}
		defer log.Close()
		fw.Stdout, fw.Stderr = log, log
		if err := fw.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := fw.Process.Signal(os.Interrupt); err != nil {
				b.Error(err)
			}
			if err := fw.Wait(); err != nil || b.Failed() {
				text, _ := os.ReadFile(log.Name())
				b.Errorf("%v\n%s", err, text)
			}
		})
		pid = fw.Process.Pid // ip becomes the program
		for tries := 0; ; tries++ {
			if command("ip", "netns", "exec", prefix+"-pix", program, "console", "--socket", filepath.Join(dir, "state", "console.sock")).Run() == nil {
				break
			}
			if tries > 200 {
				b.Fatal("it does not start")
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	script("vpnc.sh", "start")
	b.Cleanup(func() { script("vpnc.sh", "stop") })
	out := script("bench.sh", "throughput", "gateway="+strconv.Itoa(pid))
	found := regexp.MustCompile(`(up|down) median (\d+) Mbit/s .*cpu: gateway (\d+)%`).FindAllStringSubmatch(out, -1)
	if len(found) != 2 {
		b.Fatal(out)
	}
	for _, m := range found {
		for i, unit := range []string{"Mbit/s-" + m[1], "%cpu-" + m[1]} {
			n, err := strconv.ParseFloat(m[2+i], 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(n, unit)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// processIn is the process of a name in a namespace.
func processIn(b *testing.B, ns, name string) int {
	b.Helper()
	out, err := exec.Command("ip", "netns", "pids", ns).Output()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range strings.Fields(string(out)) {
		comm, err := os.ReadFile("/proc/" + f + "/comm")
		if err == nil && strings.HasPrefix(name, strings.TrimSpace(string(comm))) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				b.Fatal(err)
			}
			return pid
		}
	}
	b.Fatalf("no %s runs", name)
	return 0
}
