//go:build linux

package main

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"snug/internal/advisory"
	"snug/internal/component"
)

// What is matched again after an update.
const (
	rematchedLocks = 10_000
	lockedEach     = 100
)

// oneMore is an advisory that the data does not have, of a package in every lock.
const oneMore = `{"id":"PYSEC-2026-99999","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"django"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"9.0"}]}]}]}`

// rematched times, in this process, what is left to do when one advisory came: to
// find which names changed, to look through the pins of all locks, and to match.
func (b *auditBench) rematched(ctx context.Context, runs int) ([]cost, error) {
	before, err := advisory.Load(ctx, b.zip, time.Now())
	if err != nil {
		return nil, err
	}
	more := filepath.Join(b.work, "one-more.zip")
	if err := withOneMore(b.zip, more); err != nil {
		return nil, err
	}
	after, err := advisory.Load(ctx, more, time.Now())
	if err != nil {
		return nil, err
	}
	names, err := before.Names(component.Package)
	if err != nil {
		return nil, err
	}
	locks := manyLocks(names)
	var out []cost
	for range runs {
		begin, used := time.Now(), ownCPU()
		changed, err := after.Changed(before)
		if err != nil {
			return nil, err
		}
		pins := advisory.PinsOf(changed)
		for i, lock := range locks {
			for _, c := range lock {
				pins.Add(i, c)
			}
		}
		hit := 0
		for _, h := range after.Rematch(pins, changed) {
			hit += len(h.Locks)
		}
		wall := time.Since(begin)
		if len(changed) != 1 || hit != len(locks) {
			return nil, fmt.Errorf("matching again: %d names changed, %d of %d locks are hit", len(changed), hit, len(locks))
		}
		out = append(out, cost{wall: wall, cpu: ownCPU() - used})
	}
	return out, nil
}

func manyLocks(names []string) [][]component.Component {
	locks := make([][]component.Component, rematchedLocks)
	for i := range locks {
		locks[i] = []component.Component{{Class: component.Package, Name: "django", Version: fmt.Sprintf("4.2.%d", i%17)}}
		for j := 1; len(locks[i]) < lockedEach; j++ {
			if name := names[(i*7+j*13)%len(names)]; name != "django" {
				locks[i] = append(locks[i], component.Component{Class: component.Package, Name: name, Version: fmt.Sprintf("%d.%d", i%9, j)})
			}
		}
	}
	return locks
}

// withOneMore copies the zip and adds oneMore.
func withOneMore(from, to string) error {
	in, err := zip.OpenReader(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	out := zip.NewWriter(f)
	for _, entry := range in.File {
		if err := out.Copy(entry); err != nil {
			return err
		}
	}
	w, err := out.Create("PYSEC-2026-99999.json")
	if err == nil {
		_, err = w.Write([]byte(oneMore))
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
