package advisory

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"snug/internal/event"
	"snug/internal/fault"
	"snug/internal/fetch"
	"snug/internal/osv"
)

// Limits of an update.
const (
	maxArchive = 2 << 30   // bytes of a zip that is fetched
	maxIndex   = 512 << 20 // bytes of modified_id.csv
	maxSteps   = 1000      // records fetched one by one; where more have changed the whole export is
	atOnce     = 16        // requests
	maxFeed    = 256 << 20 // bytes of a feed of signals
)

// Update brings every feed up to date and makes one new snapshot of them all. Of an
// export of OSV only the records that changed are fetched, by its modified_id.csv;
// all of it the first time, where whole is set and where much has changed. A feed
// that cannot be read is an error that names it; nothing has then changed. Feeds
// that are not given stay as they are.
func (s *Store) Update(ctx context.Context, client *fetch.Client, feeds []Feed, whole bool, now time.Time, events event.Handler) (Info, error) {
	c, err := s.current()
	if err != nil && fault.CodeOf(err) != fault.Integrity { // a snapshot that is damaged is replaced
		return Info{}, err
	}
	u := updater{store: s, client: client, whole: whole, now: now, events: events, contents: c}
	for _, f := range feeds {
		if err := u.feed(ctx, f); err != nil {
			return Info{}, unread(f, err)
		}
	}
	return s.add(u.contents, now)
}

// unread says which feed could not be read. What a server says wrongly is no fault of
// a file that the user wrote.
func unread(f Feed, err error) error {
	code, hint := fault.CodeOf(err), fault.HintOf(err)
	if strings.Contains(f.Source, "://") && (code == fault.Input || code == fault.Network) {
		code = fault.Network
		hint = "the data that is there stays in use; where there is no network, snug advisories import FILE reads a zip that was fetched elsewhere, and [tool.snug.advisories] names a mirror"
	}
	return fault.New(code, hint, "feed %s: %w", f.Kind, err)
}

// updater is one update under way.
type updater struct {
	contents
	store  *Store
	client *fetch.Client
	whole  bool
	now    time.Time
	events event.Handler
}

func (u *updater) say(kind event.Kind, feed Feed, format string, args ...any) {
	u.events.Handle(event.Event{Stage: "advisories", Kind: kind, Subject: string(feed.Kind), Message: fmt.Sprintf(format, args...)})
}

func (u *updater) feed(ctx context.Context, f Feed) error {
	switch {
	case !strings.Contains(f.Source, "://"):
		return u.read(ctx, f, u.now)
	case !f.Kind.ofRecords():
		got, err := u.client.Get(ctx, f.Source, fetch.GetOptions{MaxBytes: maxFeed, NoStore: true})
		if err != nil {
			return err
		}
		return u.signal(f, got.Body, u.now)
	case strings.HasSuffix(f.Source, ".zip"):
		return u.archive(ctx, f, f.Source)
	}
	before, ok := u.fedBy(f.Kind)
	if u.whole || !ok || before.Source != f.Shown() {
		return u.archive(ctx, f, f.Source+"/all.zip")
	}
	return u.increment(ctx, f)
}

func (c *contents) fedBy(k Kind) (FeedInfo, bool) { return Info{Feeds: c.feeds}.Feed(k) }

// archive takes the whole export.
func (u *updater) archive(ctx context.Context, f Feed, address string) error {
	if err := os.MkdirAll(u.store.dir, 0o755); err != nil {
		return fault.New(fault.Failed, "--home DIR names a folder that can be written", "advisory data: %w", err)
	}
	file, err := os.CreateTemp(u.store.dir, ".tmp-")
	if err != nil {
		return fault.New(fault.Failed, "--home DIR names a folder that can be written", "advisory data: %w", err)
	}
	defer func() {
		file.Close()
		_ = os.Remove(file.Name()) // what is left is removed by the next update
	}()
	body, total, err := u.client.Download(ctx, address, maxArchive)
	if err != nil {
		return err
	}
	defer body.Close()
	size, err := io.Copy(file, fetch.Counted(body, total, func(done, total int64) {
		u.events.Handle(event.Event{Stage: "advisories", Kind: event.Progress, Subject: string(f.Kind), Done: done, Total: max(total, 0), Unit: "bytes"})
	}))
	if err != nil {
		return fault.New(fault.Network, "", "get %s: %w", fetch.Redact(address), err)
	}
	in := intake{kind: f.Kind, name: fetch.Redact(address)}
	if err := in.zipAt(ctx, file, size); err != nil {
		return err
	}
	records, err := in.parse(ctx)
	if err != nil {
		return err
	}
	u.replace(f, records, u.now)
	return nil
}

// increment takes what changed since.
func (u *updater) increment(ctx context.Context, f Feed) error {
	got, err := u.client.Get(ctx, f.Source+"/modified_id.csv", fetch.GetOptions{MaxBytes: maxIndex, NoStore: true})
	if err != nil {
		return err
	}
	listed, err := parseModified(got.Body)
	if err != nil {
		return err
	}
	changed := u.changed(f.Kind, listed)
	if len(changed) > maxSteps {
		return u.archive(ctx, f, f.Source+"/all.zip")
	}
	records, err := u.fetch(ctx, f, changed)
	if errors.Is(err, fetch.ErrNotFound) {
		u.say(event.Note, f, "%v: it was withdrawn from the export meanwhile, so the whole export is fetched", err)
		return u.archive(ctx, f, f.Source+"/all.zip")
	}
	if err != nil {
		return err
	}
	u.records = append(slices.DeleteFunc(u.records, func(r record) bool {
		_, again := slices.BinarySearch(changed, r.ID)
		return again && r.kind == f.Kind
	}), records...)
	u.fed(f, u.now)
	if len(changed) > 0 {
		u.say(event.Note, f, "%d records are new or changed", len(changed))
	}
	return nil
}

// modified is a line of modified_id.csv.
type modified struct {
	at time.Time
	id string
}

// parseModified reads lines of TIME,ID; the id may have the folder before it.
func parseModified(data []byte) ([]modified, error) {
	var out []modified
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		when, id, _ := strings.Cut(lines.Text(), ",")
		id = path.Base(strings.TrimSpace(id))
		at, err := time.Parse(time.RFC3339, when)
		if err != nil || !osv.IsID(id) || len(out) >= maxRecords {
			return nil, fault.New(fault.Input, "it has lines of TIME,ID; the address of the feed may be wrong", "modified_id.csv, line %d: %.100q", n, lines.Text())
		}
		out = append(out, modified{at, id})
	}
	if err := lines.Err(); err != nil || len(out) == 0 {
		return nil, fault.New(fault.Input, "it has lines of TIME,ID; the address of the feed may be wrong", "modified_id.csv has no records (%d bytes)", len(data))
	}
	return out, nil
}

// changed are the ids of which there is a newer record than ours, sorted. Every line
// is looked at, since a mirror may keep no order.
func (u *updater) changed(kind Kind, listed []modified) []string {
	have := make(map[string]time.Time, len(u.records))
	for _, r := range u.records {
		if r.kind == kind {
			have[r.ID] = r.Modified
		}
	}
	var out []string
	for _, m := range listed {
		if at, ok := have[m.id]; !ok || m.at.Truncate(time.Microsecond).After(at) {
			out = append(out, m.id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// fetch gets records one by one, several at once.
func (u *updater) fetch(ctx context.Context, f Feed, ids []string) ([]record, error) {
	out := make([]record, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, id := range ids {
		g.Go(func() error {
			address := f.Source + "/" + id + ".json"
			got, err := u.client.Get(ctx, address, fetch.GetOptions{MaxBytes: osv.MaxRecord, NoStore: true})
			if err != nil {
				return err
			}
			out[i], err = source{name: fetch.Redact(address), data: got.Body}.parse(f.Kind)
			if err == nil && out[i].ID != id {
				err = fault.New(fault.Integrity, "the feed is wrong: tell whoever keeps it", "%s holds the record %s", fetch.Redact(address), out[i].ID)
			}
			return err
		})
	}
	return out, g.Wait()
}
