package advisory

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"snug/internal/fault"
	"snug/internal/store"
)

// keepSnapshots is how many of them stay.
const keepSnapshots = 3

// suffix ends the name of a snapshot: 000007-2026-06-01.advisories.
const suffix = ".advisories"

// Store is a folder of snapshots. A new one is seen when it is complete; until then,
// and when an update dies, the one before is. Several processes may use it.
type Store struct{ dir string }

// Open returns the store in dir, which need not exist yet.
func Open(dir string) *Store { return &Store{dir} }

// snapshots are the names of all that are complete, the newest first. They are
// numbered, so that a clock that goes back does no harm.
func (s *Store) snapshots() ([]string, error) {
	all, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Failed, "--home DIR names the folder of the store", "advisory data: %w", err)
	}
	var out []string
	for _, e := range all {
		if number(e.Name()) > 0 {
			out = append(out, e.Name())
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(number(b), number(a)), strings.Compare(b, a)) })
	return out, nil
}

// number is that of a snapshot, 0 of what is none.
func number(name string) int {
	var n int
	if !strings.HasSuffix(name, suffix) || strings.HasPrefix(name, ".") {
		return 0
	}
	if _, err := fmt.Sscanf(name, "%d-", &n); err != nil {
		return 0
	}
	return n
}

// Snapshot is the name of the snapshot in use, "" where there is none.
func (s *Store) Snapshot() (string, error) {
	names, err := s.snapshots()
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}

// Newest opens the snapshot in use. fault.NotFound where there is none; one that is
// damaged is an error and not passed over.
func (s *Store) Newest() (*DB, error) {
	all, err := s.snapshots()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "snug advisories update fetches it, snug advisories import FILE reads it from a zip or a folder", "there is no advisory data")
	}
	d, err := openFile(filepath.Join(s.dir, all[0]))
	if err != nil {
		return nil, err
	}
	d.info.Snapshot = all[0]
	return d, nil
}

// Load compiles what stands at path in memory, as the feed of Python packages: a
// zip, a folder or a single record.
func Load(ctx context.Context, path string, now time.Time) (*DB, error) {
	records, err := readPath(ctx, path, Packages)
	if err != nil {
		return nil, err
	}
	return compiled(contents{records: records, feeds: []FeedInfo{{Kind: Packages, Source: path, Fetched: now}}}, now)
}

// compiled is a DB in memory.
func compiled(c contents, now time.Time) (*DB, error) {
	data, err := compile(c, now)
	if err != nil {
		return nil, err
	}
	return open(bytes.NewReader(data), int64(len(data)))
}

// Import puts the feed, read from its Source, a path, in place of what there was of
// its kind, as a new snapshot.
func (s *Store) Import(ctx context.Context, feed Feed, now time.Time) (Info, error) {
	c, err := s.current()
	if err != nil {
		return Info{}, err
	}
	if err := c.read(ctx, feed, now); err != nil {
		return Info{}, err
	}
	return s.add(c, now)
}

// current is what the newest snapshot was compiled from; nothing where there is
// none.
func (s *Store) current() (contents, error) {
	d, err := s.Newest()
	if fault.CodeOf(err) == fault.NotFound {
		return contents{}, nil
	}
	if err != nil {
		return contents{}, err
	}
	defer d.Close()
	return d.contents()
}

// read takes a feed from a path.
func (c *contents) read(ctx context.Context, feed Feed, now time.Time) error {
	if feed.Kind.ofRecords() {
		records, err := readPath(ctx, feed.Source, feed.Kind)
		if err != nil {
			return err
		}
		c.replace(feed, records, now)
		return nil
	}
	data, err := os.ReadFile(feed.Source)
	if err != nil {
		return fault.New(fault.NotFound, "give the file that the feed publishes", "feed %s: %w", feed.Kind, err)
	}
	return c.signal(feed, data, now)
}

// replace puts records in place of those of their kind.
func (c *contents) replace(feed Feed, records []record, now time.Time) {
	c.records = append(slices.DeleteFunc(c.records, func(r record) bool { return r.kind == feed.Kind }), records...)
	c.fed(feed, now)
}

// signal puts EPSS or KEV in place of what there was.
func (c *contents) signal(feed Feed, data []byte, now time.Time) (err error) {
	if feed.Kind == EPSS {
		c.epss, err = parseEPSS(data)
	} else {
		c.kev, err = parseKEV(data)
	}
	c.fed(feed, now)
	return err
}

func (c *contents) fed(feed Feed, now time.Time) {
	c.feeds = append(slices.DeleteFunc(slices.Clone(c.feeds), func(f FeedInfo) bool { return f.Kind == feed.Kind }), FeedInfo{Kind: feed.Kind, Source: feed.Shown(), Fetched: now})
	slices.SortFunc(c.feeds, func(a, b FeedInfo) int {
		return cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind))
	})
}

// add compiles a snapshot and makes it the one in use.
func (s *Store) add(c contents, now time.Time) (Info, error) {
	data, err := compile(c, now)
	if err != nil {
		return Info{}, err
	}
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Info{}, fault.New(fault.Internal, "", "snug: internal error: what was compiled cannot be read: %w", err)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return Info{}, fault.New(fault.Failed, "--home DIR names a folder that can be written", "advisory data: %w", err)
	}
	all, err := s.snapshots()
	if err != nil {
		return Info{}, err
	}
	next := 1
	if len(all) > 0 {
		next = number(all[0]) + 1
	}
	name := fmt.Sprintf("%06d-%s%s", next, now.UTC().Format(time.DateOnly), suffix)
	if err := store.WriteFile(filepath.Join(s.dir, name), data, 0o644); err != nil {
		return Info{}, fault.New(fault.Failed, "--home DIR names a folder that can be written", "advisory data: %w", err)
	}
	s.sweep(now)
	for _, old := range all[min(len(all), keepSnapshots-1):] {
		// One that another process has open on Windows stays until the next time.
		_ = os.Remove(filepath.Join(s.dir, old))
	}
	d.info.Snapshot = name
	return d.info, nil
}

// sweep removes what updates that were killed have left. What cannot be removed
// stays until the next time.
func (s *Store) sweep(now time.Time) {
	left, _ := filepath.Glob(filepath.Join(s.dir, ".tmp-*"))
	for _, name := range left {
		if st, err := os.Lstat(name); err == nil && now.Sub(st.ModTime()) > 24*time.Hour {
			_ = os.Remove(name)
		}
	}
}
