package archive

import (
	"archive/tar"
	"io"
	"path"
	"strings"
)

// Layer reads one layer of a container image (a tar, plain or packed as Tar knows
// it) and calls fn for its entries in order. A layer is a whole system, so what Tar
// refuses is common there: links to absolute paths, devices, a name twice. Nothing
// of it may be unpacked by its names for that reason: fn gets clean relative names,
// links as the text that they are, devices not at all, nor what has a name that no
// wheel may have (systemd's units have backslashes in theirs). What leaves the root by
// its name, and what goes over lim, ends the walk as an *UnsafeError.
func Layer(r io.Reader, lim Limits, fn func(hdr TarEntry, body io.Reader) error) error {
	packed := &counter{r: r}
	plain, done, err := unpack(packed)
	if err != nil {
		return err
	}
	defer done()
	spent := budget{lim: lim}
	bounded := &guard{r: plain, packed: packed, lim: lim, left: tarBound(lim)}
	tr := tar.NewReader(bounded)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return finish(bounded, packed)
		}
		if err != nil {
			return readError("", packed, err)
		}
		e, ok, err := layerEntry(h, &spent)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := fn(e, &tarBody{name: e.Name, r: tr, packed: packed}); err != nil {
			return err
		}
	}
}

// layerEntry is an entry as Layer gives it; ok is false for what nobody asks for.
func layerEntry(h *tar.Header, spent *budget) (e TarEntry, ok bool, err error) {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return e, false, nil
	}
	name := cleanTar(strings.TrimLeft(h.Name, "/"))
	if name == "." {
		return e, false, nil
	}
	if name = path.Clean(name); name == ".." || strings.HasPrefix(name, "../") {
		return e, false, unsafe(h.Name, "the path leaves the archive")
	}
	if err := spent.add(name, h.Size); err != nil {
		return e, false, err
	}
	if checkName(name) != "" {
		return e, false, nil
	}
	e = TarEntry{Name: name, Mode: permission(h.Mode&0o111 != 0), Size: h.Size, Time: h.ModTime}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
	case tar.TypeDir:
		e.Dir, e.Size = true, 0
	case tar.TypeSymlink:
		e.Link, e.Size = h.Linkname, 0
	case tar.TypeLink:
		e.Hard, e.Size = path.Clean(cleanTar(strings.TrimLeft(h.Linkname, "/"))), 0
	default:
		return e, false, nil
	}
	return e, true, nil
}
