package engine

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"snug/internal/event"
	"snug/internal/lock"
	"snug/internal/manifest"
	"snug/internal/pytag"
	"snug/internal/resolve"
)

// Targets whose marker environments are equal (glibc and musl, two macOS floors)
// share every version of a lock, since PEP 751 has no other word that tells them
// apart. One that cannot has a lock of its own beside, which the project's lock
// names.

// apartPath is where the lock of a target lies that the lock at path leaves out.
func apartPath(path, target string) string {
	name := strings.TrimSuffix(filepath.Base(path), ".toml") + "-"
	if filepath.Base(path) == LockName {
		name = "pylock."
	}
	return filepath.Join(filepath.Dir(path), name+strings.ReplaceAll(target, ".", "_")+".toml")
}

// readApart reads the locks that l, at path, leaves to others, by target; one
// that is not there is left out.
func readApart(l *lock.Lock, path string) (map[string]*lock.Lock, error) {
	out := map[string]*lock.Lock{}
	if l == nil {
		return out, nil
	}
	for target := range l.Tool.Apart {
		other, err := ReadLock(apartPath(path, target))
		if err != nil {
			return nil, err
		}
		if other != nil {
			out[target] = other
		}
	}
	return out, nil
}

// allAnswer tells whether the locks of all targets that l leaves out are there
// and answer what is asked.
func allAnswer(l *lock.Lock, others map[string]*lock.Lock, asked string) bool {
	for target := range l.Tool.Apart {
		if others[target] == nil || others[target].Tool.Asked != asked {
			return false
		}
	}
	return true
}

// ReadHostLock is ReadLock for the machine it runs on: where the lock at path
// leaves this machine's target to another, it is that one.
func ReadHostLock(path string) (*lock.Lock, error) {
	l, err := ReadLock(path)
	if l == nil || err != nil || len(l.Tool.Apart) == 0 {
		return l, err
	}
	others, err := readApart(l, path)
	if err != nil {
		return nil, err
	}
	for _, target := range slices.Sorted(maps.Keys(others)) {
		if servesHost(others[target]) && !servesHost(l) {
			return others[target], nil
		}
	}
	return l, nil
}

// ofHost is the lock, of those that were made, that this machine builds from.
func (l *Locked) ofHost() *Locked {
	for _, other := range l.Apart {
		if servesHost(other.Lock) && !servesHost(l.Lock) {
			return other
		}
	}
	return l
}

func servesHost(l *lock.Lock) bool {
	host, err := pytag.Host()
	return err == nil && slices.ContainsFunc(l.Tool.Targets, func(lt lock.Target) bool {
		t, err := pytag.ParseTarget(lt.Name)
		return err == nil && runsOn(t, host)
	})
}

// resolution is what one resolve of all targets made.
type resolution struct {
	lock  *lock.Lock
	apart []*lock.Lock // each of one target, in the order of the project
}

// resolver makes one lock for the targets, keeping to another where it can.
type resolver func(targets []resolve.TargetPython, keep *lock.Lock) (*lock.Lock, error)

// resolveApart resolves, and where targets that no marker tells apart cannot
// share, the last of them for itself, keeping to what the others have. Those
// that have a lock of their own, in old, keep it.
func resolveApart(all []resolve.TargetPython, keep *lock.Lock, old map[string]*lock.Lock, one resolver) (*resolution, error) {
	left, shared := partition(all, func(t resolve.TargetPython) bool { return old[t.Target.String()] != nil })
	if len(shared) == 0 {
		left, shared = nil, all
	}
	l, first := one(shared, keep)
	for err := first; err != nil; l, err = one(shared, keep) {
		i := inseparable(err, shared)
		if i < 0 {
			return nil, first
		}
		left = append([]resolve.TargetPython{shared[i]}, left...)
		shared = slices.Delete(slices.Clone(shared), i, i+1)
	}
	out := &resolution{lock: l}
	for _, target := range left {
		name := target.Target.String()
		locked := l
		if old[name] != nil {
			locked = old[name]
		}
		other, err := one([]resolve.TargetPython{target}, locked)
		if err != nil {
			return nil, err
		}
		if l.Tool.Apart == nil {
			l.Tool.Apart = map[string]string{}
		}
		l.Tool.Apart[name] = differences(l, other)
		out.apart = append(out.apart, other)
	}
	return out, nil
}

// partition parts those that are so from the others.
func partition[T any](all []T, so func(T) bool) (yes, no []T) {
	for _, x := range all {
		if so(x) {
			yes = append(yes, x)
		} else {
			no = append(no, x)
		}
	}
	return yes, no
}

// inseparable is the last of the targets that a conflict is about, if it is
// about several and no marker tells these apart; else -1.
func inseparable(err error, targets []resolve.TargetPython) int {
	var conflict *resolve.Conflict
	if !errors.As(err, &conflict) || len(conflict.Targets) < 2 {
		return -1
	}
	last := -1
	for i, t := range targets {
		if !slices.Contains(conflict.Targets, t.Target.String()) {
			continue
		}
		if last >= 0 && pytag.Environment(t.Target, t.Python) != pytag.Environment(targets[last].Target, targets[last].Python) {
			return -1
		}
		last = i
	}
	return last
}

// maxDifferences bounds the packages that are named as different.
const maxDifferences = 3

// differences names the packages of which two locks have other versions.
func differences(a, b *lock.Lock) string {
	here, there := versionsIn(a), versionsIn(b)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if here[name] != "" && here[name] != there[name] {
			out = append(out, fmt.Sprintf("%s is %s there and %s here", name, there[name], here[name]))
		}
	}
	if more := len(out) - maxDifferences; more > 0 {
		out = append(out[:maxDifferences], fmt.Sprintf("%d more differ", more))
	}
	return strings.Join(out, "; ")
}

// writeApart writes the locks of single targets, and removes those that the old
// lock left to such and the new one does not.
func (e *Engine) writeApart(path string, old *lock.Lock, r *resolution) ([]*Locked, error) {
	var out []*Locked
	for _, l := range r.apart {
		target := l.Tool.Targets[0].Name
		at := &Locked{Lock: l, Path: apartPath(path, target)}
		var err error
		if at.Changed, err = lock.Write(at.Path, l); err != nil {
			return nil, err
		}
		e.say("lock", event.Note, "", fmt.Sprintf("%s has a lock of its own, since no marker tells it from another target: %s", target, r.lock.Tool.Apart[target]))
		out = append(out, at)
	}
	return out, e.removeApart(path, old, r.lock)
}

func (e *Engine) removeApart(path string, old, now *lock.Lock) error {
	others, err := readApart(old, path)
	if err != nil {
		return err
	}
	for _, target := range slices.Sorted(maps.Keys(others)) {
		stale := others[target]
		if _, still := now.Tool.Apart[target]; still || stale.CreatedBy != createdBy {
			continue
		}
		if err := os.Remove(apartPath(path, target)); err != nil {
			return err
		}
		e.say("lock", event.Note, "", fmt.Sprintf("%s is removed: %s needs no lock of its own any more", apartPath(path, target), target))
	}
	return nil
}

// lockedApart are the locks of single targets as they are.
func lockedApart(path string, l *lock.Lock, others map[string]*lock.Lock) []*Locked {
	var out []*Locked
	for _, target := range slices.Sorted(maps.Keys(l.Tool.Apart)) {
		out = append(out, &Locked{Lock: others[target], Path: apartPath(path, target), Fresh: true})
	}
	return out
}

// keptApart is what of the locks of single targets resolving should keep to.
func keptApart(others map[string]*lock.Lock, now manifest.Strategy, req LockRequest) map[string]*lock.Lock {
	out := map[string]*lock.Lock{}
	for target, l := range others {
		out[target] = kept(l, now, req)
	}
	return out
}
