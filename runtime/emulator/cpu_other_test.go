//go:build !unix

package emulator

import "time"

func cpuTime() time.Duration { return 0 }
