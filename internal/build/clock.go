package build

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"snug/internal/sandbox"
)

//go:embed clock.c.txt
var clockSource []byte

const clockFile = "clock.so"

// moveClock makes the clock wrong for all that asks the C library for it, compilers
// included, by a small library that the machine's own compiler makes. Where there
// is none, moved is false: then driver.py is wrong about Python's own clocks.
func (r *room) moveClock(ctx context.Context) (moved bool, err error) {
	if r.conditions.Clock == 0 {
		return false, nil
	}
	shop := filepath.Join(r.dir, "clock")
	if err := os.Mkdir(shop, 0o755); err != nil {
		return false, err
	}
	if err := os.WriteFile(filepath.Join(shop, "clock.c"), clockSource, 0o644); err != nil {
		return false, err
	}
	in := sandbox.Input{Host: shop, Inside: "/clock", Writable: true}
	at := r.box.Path(in)
	argv := []string{"/bin/sh", "-c", `exec cc -shared -fPIC -O1 "$@"`, "cc", fmt.Sprintf("-DSHIFT=%d", int64(r.conditions.Clock.Seconds())), "-o", path.Join(at, clockFile), path.Join(at, "clock.c")}
	result, err := r.box.Run(ctx, sandbox.Command{Argv: argv, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, Inputs: []sandbox.Input{in}, System: true,
		Limits: sandbox.Limits{Wall: time.Minute}})
	if err != nil {
		return false, err
	}
	if result.Exit != 0 || result.Killed != "" {
		return false, nil // no compiler, or one for another C library
	}
	text, err := readRegular(filepath.Join(shop, clockFile), 1<<20)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(filepath.Join(r.dir, "in", clockFile), text, 0o644)
}
