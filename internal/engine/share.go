package engine

import (
	"context"

	"snug/internal/assemble"
	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/generation"
)

// noteShared records that a runtime is to be made once for all projects. One
// that people edit cannot be; where the store lies elsewhere the project gets
// one of its own, and that is said.
func (pl *plan) noteShared(name string) error {
	asked := false
	for _, r := range pl.project.Runtimes {
		asked = asked || r.Name == name && r.Shared
	}
	switch {
	case !asked || pl.req.Into != "":
		return nil
	case pl.editable(name):
		return fault.New(fault.Input, "leave shared = true out for "+name+", or set isolated = true",
			"runtime %s cannot be shared: its text files are copies that people edit", name)
	case !pl.engine.store.CanShare(pl.project.Root):
		pl.engine.say("assemble", event.Note, name, name+" is not shared: the store is on another file system, or links cannot be made here")
		return nil
	}
	pl.shared[name] = assemble.SharedKey(pl.input(name, ""))
	return nil
}

// sharedRuntime is the newest whole runtime of that key in the store.
func (e *Engine) sharedRuntime(key string) (dir string, head *generation.Manifest, err error) {
	gens, err := e.store.Shared(key).List()
	if err != nil {
		return "", nil, err
	}
	for _, g := range gens {
		if head, err := generation.ReadHead(g.Path); err == nil && !generation.Doubted(g.Path) {
			return g.Path, head, nil
		}
	}
	return "", nil, fault.New(fault.NotFound, "snug build makes it", "no shared runtime %s", key)
}

// toAssemble tells whether any runtime has to be assembled: it is neither there
// already nor shared by one that is.
func (e *Engine) toAssemble(pl *plan) bool {
	for _, name := range pl.runtimes {
		if _, done := pl.done[name]; done {
			continue
		}
		key, shared := pl.shared[name]
		if !shared || pl.req.Rebuild {
			return true
		}
		if _, _, err := e.sharedRuntime(key); err != nil {
			return true
		}
	}
	return false
}

// share makes a generation that shares the runtime of that key, which is
// assembled first where it is not there.
func (e *Engine) share(ctx context.Context, pl *plan, name, key string) (*made, error) {
	state := "shared"
	from, head, err := e.sharedRuntime(key)
	if err != nil || pl.req.Rebuild {
		if from, head, err = e.assembleShared(ctx, pl, name, key); err != nil {
			return nil, err
		}
		state = "built"
	}
	e.store.TouchShared(key)
	dest, commit, abandon, err := pl.destination(name)
	if err != nil {
		return nil, err
	}
	defer abandon()
	if err := assemble.Share(pl.input(name, dest), from); err != nil {
		return nil, err
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
	n, dir, err := commit()
	return &made{head, state, dir, n}, err
}

// assembleShared makes the runtime of that key, unless another process does so
// just now.
func (e *Engine) assembleShared(ctx context.Context, pl *plan, name, key string) (dir string, head *generation.Manifest, err error) {
	release, err := e.store.Hold(ctx, key)
	if err != nil {
		return "", nil, err
	}
	defer release()
	if dir, head, err = e.sharedRuntime(key); err == nil && !pl.req.Rebuild {
		return dir, head, nil
	}
	room := e.store.Shared(key)
	dest, err := room.Stage()
	if err != nil {
		return "", nil, err
	}
	defer removeTree(dest) // nothing is left there once it has its number
	in := pl.input(name, dest)
	in.Shared, in.At = true, roomOf(pl.project.Root, name).Path(1)
	if head, err = e.assemble(ctx, in); err != nil {
		return "", nil, err
	}
	n, err := room.Adopt(dest)
	return room.Path(n), head, err
}
