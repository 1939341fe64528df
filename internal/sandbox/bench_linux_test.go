package sandbox

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a sandbox costs a command that does nothing, in time and, since others may load
// the machine, in the processor's time of the sandbox and of the command.
func BenchmarkRun(b *testing.B) {
	for _, level := range levels {
		b.Run(string(level), func(b *testing.B) {
			s := open(b, level)
			before := spent(b)
			for b.Loop() {
				r, err := s.Run(context.Background(), Command{Argv: []string{"/bin/true"}, System: true})
				if err != nil || r.Exit != 0 {
					b.Fatal(r, err)
				}
			}
			b.ReportMetric(float64((spent(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// spent is the time of this process and of its children that have ended.
func spent(b *testing.B) time.Duration {
	var sum time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var ru unix.Rusage
		if err := unix.Getrusage(who, &ru); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
	}
	return sum
}
