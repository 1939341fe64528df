package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snug/internal/digest"
	"snug/internal/fault"
	"snug/internal/generation"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPutBlob(t *testing.T) {
	s, ctx, sum := open(t), context.Background(), digest.Of([]byte("wheel"))
	for _, c := range []struct {
		name, body string
		size       int64
		want       fault.Code
	}{
		{"truncated", "whe", 5, fault.Network},
		{"too long", "wheels", 5, fault.Integrity},
		{"other bytes", "whale", 5, fault.Integrity},
		{"other bytes, size unknown", "whale", -1, fault.Integrity},
	} {
		if _, err := s.PutBlob(ctx, sum, c.size, strings.NewReader(c.body)); fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, ok := s.Blob(sum); ok {
		t.Fatal("refused content is in the store")
	}
	path, err := s.PutBlob(ctx, sum, 5, strings.NewReader("wheel"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o444 {
		t.Errorf("blob has mode %v, %v", st.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, []byte("whee!"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(filepath.Dir(s.dir)); err != nil { // as a later process
		t.Fatal(err)
	}
	if _, ok := s.Blob(sum); ok {
		t.Error("a blob that was changed counts as whole")
	}
	if _, err := s.PutBlob(ctx, sum, 5, strings.NewReader("wheel")); err != nil {
		t.Error(err)
	}
	if _, ok := s.Blob(sum); !ok {
		t.Error("a blob that was put again does not count")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.PutBlob(ended, sum, 5, strings.NewReader("wheel")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

const key = "test-0123456789"

func oneFile(text string) func(string) (Plan, error) {
	return func(dir string) (Plan, error) {
		if err := os.WriteFile(filepath.Join(dir, "a.py"), []byte(text), 0o644); err != nil {
			return nil, err
		}
		return Scan(dir, "a")
	}
}

func TestAddTreeBuildsOnce(t *testing.T) {
	s := open(t)
	second, err := Open(filepath.Dir(s.dir)) // as another process would
	if err != nil {
		t.Fatal(err)
	}
	var built atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := []*Store{s, second}[i%2].AddTree(context.Background(), key, func(dir string) (Plan, error) {
				built.Add(1)
				return oneFile("x = 1\n")(dir)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := built.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
	if st, err := os.Stat(filepath.Join(s.treePath(key), "files", "a.py")); err != nil || st.Mode().Perm() != 0o444 {
		t.Errorf("%v, %v", st, err)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	s, broken := open(t), errors.New("broken wheel")
	_, err := s.AddTree(context.Background(), key, func(string) (Plan, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(s.trees()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestChangedTreeIsBuiltAgain(t *testing.T) {
	s, ctx := open(t), context.Background()
	tree, err := s.AddTree(ctx, key, oneFile("x = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tree.Dir, "a.py")
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := tree.Check(); err != nil {
		t.Errorf("the same bytes under another time: %v", err)
	}
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, []byte("x = 2\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := tree.Check(); fault.CodeOf(err) != fault.Integrity {
		t.Errorf("other bytes: %v", err)
	}
	fresh, err := Open(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	tree, err = fresh.AddTree(ctx, key, oneFile("x = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(tree.Dir, "a.py")); err != nil || string(data) != "x = 1\n" {
		t.Errorf("%q, %v", data, err)
	}
}

// A hard link shares its mode with the store: chmod in one runtime must not
// reach the next.
func TestChangedModeIsDamage(t *testing.T) {
	s := open(t)
	tree, err := s.AddTree(context.Background(), key, oneFile("x = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(tree.Dir, "a.py"), 0o555); err != nil {
		t.Fatal(err)
	}
	if err := tree.Check(); fault.CodeOf(err) != fault.Integrity || !strings.Contains(err.Error(), "has mode 0555") {
		t.Error(err)
	}
}

// A process that waits for another can be interrupted.
func TestWaitingEndsWithItsContext(t *testing.T) {
	s := open(t)
	release, err := s.Use(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.GC(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	release()
	if _, _, err := s.GC(context.Background()); err != nil {
		t.Error(err)
	}
}

// Builds link from the store while another process collects all that it may:
// none of them finds a tree gone that it just got.
func TestGCWhileOthersBuild(t *testing.T) {
	builder, ctx := open(t), context.Background()
	collector, err := Open(filepath.Dir(builder.dir))
	if err != nil {
		t.Fatal(err)
	}
	collector.now = func() time.Time { return time.Now().Add(2 * keepTree) } // everything is old enough
	var collecting, building sync.WaitGroup
	stop := make(chan struct{})
	collecting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, _, err := collector.GC(ctx); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 4 {
		building.Go(func() {
			for round := range 25 {
				name := key + string(rune('a'+(i+round)%5))
				if err := linkOne(builder, name, filepath.Join(t.TempDir(), "a.py")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	building.Wait()
	close(stop)
	collecting.Wait()
}

// linkOne is a build: it gets a tree and links its file into a runtime that is
// thrown away at once.
func linkOne(s *Store, name, to string) error {
	release, err := s.Use(context.Background())
	if err != nil {
		return err
	}
	defer release()
	tree, err := s.AddTree(context.Background(), name, oneFile("x = 1\n"))
	if err != nil {
		return err
	}
	if err := os.Link(filepath.Join(tree.Dir, "a.py"), to); err != nil {
		return err
	}
	return os.Remove(to)
}

// A blob is kept as long as its tree is, so that a damaged tree can be built
// again without the index; and for months after its last use.
func TestGCKeepsBlobsOfTrees(t *testing.T) {
	s, ctx := open(t), context.Background()
	put := func(text string) digest.SHA256 {
		sum := digest.Of([]byte(text))
		if _, err := s.PutBlob(ctx, sum, -1, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	held, used, idle := put("held"), put("used"), put("idle")
	tree, err := s.AddTree(ctx, "whl-"+held.String()+"-3.14", oneFile("x = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddTree(ctx, "whl-"+used.String()+"-3.14", oneFile("x = 2\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(tree.Dir, "a.py"), filepath.Join(t.TempDir(), "a.py")); err != nil {
		t.Fatal(err)
	}
	later, err := Open(filepath.Dir(s.dir)) // another process, after months
	if err != nil {
		t.Fatal(err)
	}
	later.now = func() time.Time { return time.Now().Add(keepBlob) }
	later.Tree("whl-" + used.String() + "-3.14")
	later.now = func() time.Time { return time.Now().Add(keepBlob + 2*keepTree) }
	if n, _, err := later.GC(ctx); n != 2 || err != nil { // idle, and the tree of used
		t.Errorf("removed %d, %v", n, err)
	}
	for sum, want := range map[digest.SHA256]bool{held: true, used: true, idle: false} {
		if _, ok := later.Blob(sum); ok != want {
			t.Errorf("%s is here: %t", sum, ok)
		}
	}
}

func TestLeftoverWithoutPlanIsReplaced(t *testing.T) {
	s := open(t)
	if err := os.MkdirAll(filepath.Join(s.treePath(key), "files", "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	tree, err := s.AddTree(context.Background(), key, oneFile("x = 1\n"))
	if err != nil || len(tree.Files) != 1 {
		t.Errorf("%+v, %v", tree, err)
	}
}

func TestGCKeepsWhatARuntimeHolds(t *testing.T) {
	s, ctx := open(t), context.Background()
	held, err := s.AddTree(ctx, key+"-held", oneFile("x = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddTree(ctx, key+"-idle", oneFile("x = 2\n")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(held.Dir, "a.py"), filepath.Join(t.TempDir(), "a.py")); err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.GC(ctx); n != 0 || err != nil {
		t.Errorf("trees of today: removed %d, %v", n, err)
	}
	s.now = func() time.Time { return time.Now().Add(2 * keepTree) }
	if n, size, err := s.GC(ctx); n != 1 || size != 6 || err != nil {
		t.Errorf("removed %d entries, %d bytes, %v", n, size, err)
	}
	if _, ok := s.Tree(key + "-held"); !ok {
		t.Error("the tree that a runtime holds is gone")
	}
}

func TestWriteFileKeepsALink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(real, []byte("a"), 0o644), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("b"), 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(real); err != nil || string(data) != "b" {
		t.Errorf("%q, %v", data, err)
	}
}

// A plan that lost its end, as by a power cut, is no mark of completeness.
func TestShortenedPlanIsNone(t *testing.T) {
	s := open(t)
	_, err := s.AddTree(context.Background(), key, func(dir string) (Plan, error) {
		if err := os.WriteFile(filepath.Join(dir, "weekend"), nil, 0o644); err != nil {
			return nil, err
		}
		return oneFile("x = 1\n")(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	plan := filepath.Join(s.treePath(key), planName)
	text, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) {
		if err := os.WriteFile(plan, text[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readPlan(s.treePath(key)); err == nil {
			t.Errorf("%d of %d bytes are a plan", n, len(text))
		}
	}
}

// Whoever links a file holds it to the tree, once; what was changed before that
// is refused.
func TestHold(t *testing.T) {
	s := open(t)
	if _, err := s.AddTree(context.Background(), key, oneFile("x = 1\n")); err != nil {
		t.Fatal(err)
	}
	later := func() (*Tree, *Dir) { // another process
		t.Helper()
		s, err := Open(filepath.Dir(s.dir))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := s.AddUnchecked(context.Background(), key, oneFile("built again"))
		if err != nil {
			t.Fatal(err)
		}
		dir, err := OpenDir(tree.Dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(dir.Close)
		return tree, dir
	}
	tree, dir := later()
	if err := tree.Hold(dir, 0); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tree.Dir, "a.py")
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, []byte("x = 2\n"), 0o444)); err != nil {
		t.Fatal(err)
	}
	if err := tree.Hold(dir, 0); err != nil {
		t.Errorf("looked at twice: %v", err)
	}
	tree, dir = later()
	if err := tree.Hold(dir, 0); !errors.Is(err, ErrChanged) || fault.CodeOf(err) != fault.Integrity {
		t.Errorf("changed: %v", err)
	}
}

// A shared runtime is known to be in use by the manifest that a project's
// generation links to; without one it is kept for some days.
func TestGCOfSharedRuntimes(t *testing.T) {
	s, ctx := open(t), context.Background()
	made := func(key string) (manifest string) {
		t.Helper()
		room := s.Shared(key)
		dir, err := room.Stage()
		if err != nil {
			t.Fatal(err)
		}
		manifest = filepath.Join(dir, filepath.FromSlash(generation.ManifestPath))
		if err := errors.Join(os.MkdirAll(filepath.Dir(manifest), 0o755), os.WriteFile(manifest, []byte("{}"), 0o444)); err != nil {
			t.Fatal(err)
		}
		n, err := room.Adopt(dir, generation.Evidence{generation.Provenance: []byte("signed\n")})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(room.Path(n), filepath.FromSlash(generation.ManifestPath))
	}
	used, idle := made("shared-used"), made("shared-idle")
	user := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.Link(used, user); err != nil {
		t.Fatal(err)
	}
	collect := func(want int) {
		t.Helper()
		if n, _, err := s.GC(ctx); n != want || err != nil {
			t.Errorf("collected %d, want %d: %v", n, want, err)
		}
	}
	collect(0)
	s.now = func() time.Time { return time.Now().Add(keepTree + time.Hour) }
	s.TouchShared("shared-idle")
	collect(0)
	s.now = func() time.Time { return time.Now().Add(2 * (keepTree + time.Hour)) }
	collect(1)
	for path, want := range map[string]bool{used: true, idle: false, filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(idle)))): false} {
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.Remove(user); err != nil {
		t.Fatal(err)
	}
	collect(1)
}
