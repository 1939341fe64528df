package engine

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"snug/internal/assemble"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
)

// sharing is a runtime that is made once for all projects.
type sharing struct {
	key  string               // in the store
	from string               // where it lies, once it was found or made
	head *generation.Manifest // nil until then

	unsigned bool // nothing is signed about it: it is only built with
}

// noteShared records that a runtime is to be made once for all projects. One
// that people edit cannot be; where the store lies elsewhere the project gets
// one of its own, and that is said.
func (pl *plan) noteShared(name string) error {
	rt, _ := pl.project.Runtime(name)
	switch {
	case !rt.Shared || pl.req.Into != "":
		return nil
	case pl.editable(name):
		return fault.New(fault.Input, "leave shared = true out for "+name+", or set isolated = true",
			"runtime %s cannot be shared: its text files are copies that people edit", name)
	case !pl.engine.store.CanShare(pl.project.Root):
		pl.engine.say("assemble", event.Note, name, name+" is not shared: the store is on another file system, or links cannot be made here")
		return nil
	}
	key, err := assemble.SharedKey(pl.input(name, ""))
	if err != nil {
		return err
	}
	pl.shared[name] = &sharing{key: key}
	return nil
}

// find looks for the newest whole runtime of that key in the store.
func (s *sharing) find(e *Engine) error {
	gens, err := e.store.Shared(s.key).List()
	if err != nil {
		return err
	}
	for _, g := range gens {
		if head, err := generation.ReadHead(g.Path); err == nil && !generation.Doubted(g.Path) && (s.unsigned || generation.Attested(g.Path)) {
			s.from, s.head = g.Path, head
			return nil
		}
	}
	return nil
}

// gather looks for the shared runtimes that are wanted, and fetches what the
// others are assembled from.
func (e *Engine) gather(ctx context.Context, pl *plan) error {
	left := false
	for _, name := range pl.runtimes {
		if _, done := pl.done[name]; done {
			continue
		}
		s := pl.shared[name]
		if s != nil && !pl.req.Rebuild {
			if err := s.find(e); err != nil {
				return err
			}
		}
		left = left || s == nil || s.head == nil
	}
	if !left {
		return nil
	}
	return e.fetchAll(ctx, pl)
}

// share makes a generation that shares a runtime, which is assembled first where
// it was not found.
func (e *Engine) share(ctx context.Context, pl *plan, name string, s *sharing, started time.Time) (*made, error) {
	state := "shared"
	if s.head == nil {
		if err := e.assembleShared(ctx, pl, name, s, started); err != nil {
			return nil, err
		}
		state = "built"
	}
	e.store.TouchShared(s.key)
	dest, commit, abandon, err := pl.destination(name)
	if err != nil {
		return nil, err
	}
	defer abandon()
	if err := assemble.Share(pl.input(name, dest), s.from); err != nil {
		return nil, fault.New(fault.Failed, "leave shared = true out for "+name+", or name a store of your own with --home", "link to the shared runtime: %w", err)
	}
	if pl.req.Prove {
		m, err := generation.Read(dest)
		if err != nil {
			return nil, err
		}
		if err := e.mustProve(ctx, dest, m); err != nil {
			return nil, err
		}
	}
	signed, err := os.ReadFile(filepath.Join(generation.EvidenceOf(s.from, false), generation.Provenance))
	if err != nil {
		return nil, err
	}
	n, dir, err := commit(generation.Evidence{generation.Provenance: signed}) // by whom it was made
	return &made{s.head, state, dir, n}, err
}

// assembleShared makes a project's shared runtime.
func (e *Engine) assembleShared(ctx context.Context, pl *plan, name string, s *sharing, started time.Time) error {
	in := pl.input(name, "")
	in.Shared, in.At = true, roomOf(pl.project.Root, name).Path(1)
	return e.makeShared(ctx, s, pl.req.Rebuild, func(dest string) (*generation.Manifest, generation.Evidence, error) {
		in.Dest = dest
		m, err := e.assemble(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		evidence, err := pl.evidence(dest, m, started)
		return m, evidence, err
	})
}

// makeShared makes a shared runtime, unless it is there or another process makes
// it just now; anew makes another all the same.
func (e *Engine) makeShared(ctx context.Context, s *sharing, anew bool, make func(dest string) (*generation.Manifest, generation.Evidence, error)) error {
	release, err := e.store.Hold(ctx, s.key)
	if err != nil {
		return err
	}
	defer release()
	if !anew {
		if err := s.find(e); err != nil || s.head != nil {
			return err
		}
	}
	room := e.store.Shared(s.key)
	dest, err := room.Stage()
	if err != nil {
		return err
	}
	defer removeTree(dest) // nothing is left there once it has its number
	head, evidence, err := make(dest)
	if err != nil {
		return err
	}
	n, err := room.Adopt(dest, evidence)
	s.from, s.head = room.Path(n), head
	return err
}
