package index

import "snug/internal/dist"

// Offer is what decides whether a file is installed.
type Offer struct {
	Wheel        bool // or an sdist: then Tags are not set
	Yanked       bool
	Hashed       bool // it has a sha256
	Tags         Text // what stands behind the version in its name: dist.CutBuild, pytag.Set.RankText
	Python       Text // Requires-Python
	YankedReason string
}

// TagText is the compressed tag set, without the build before it.
func (o *Offer) TagText() string {
	_, text, err := dist.CutBuild(o.Tags.String)
	if err != nil {
		return "" // its name was understood: this cannot be
	}
	return text
}

// Text is one of a listing's.
type Text struct {
	Number int // equal for equal texts of one listing, below Listing.Texts; -1: not numbered
	String string
}

// textTable numbers texts.
type textTable struct {
	all     []string
	numbers map[string]int
}

func (t *textTable) number(text string) int {
	n, ok := t.numbers[text]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[string]int{}
		}
		n = len(t.all)
		t.numbers[text] = n
		t.all = append(t.all, text)
	}
	return n
}

// How a file of a shape begins.
const (
	isWheel = 1 << iota
	isYanked
	isHashed
)

// shapeOf has for each file its flags and the numbers of its texts.
func (t *textTable) shapeOf(files []*File) []byte {
	var b []byte
	for _, f := range files {
		o := offerOf(f)
		b = appendNumbers(b, o.flags(), t.number(o.Python.String), t.number(o.YankedReason))
		if o.Wheel {
			b = appendNumbers(b, t.number(o.Tags.String))
		}
	}
	return b
}

func (o *Offer) flags() (all int) {
	if o.Wheel {
		all |= isWheel
	}
	if o.Yanked {
		all |= isYanked
	}
	if o.Hashed {
		all |= isHashed
	}
	return all
}

// appendOffers reads what shapeOf wrote.
func appendOffers(out []Offer, shape string, texts []string) ([]Offer, error) {
	r := frontReader{text: shape}
	for r.text != "" && !r.bad {
		var o Offer
		flags := r.number()
		o.Wheel, o.Yanked, o.Hashed = flags&isWheel != 0, flags&isYanked != 0, flags&isHashed != 0
		o.Python, o.YankedReason = r.oneOf(texts), r.oneOf(texts).String
		o.Tags.Number = -1
		if o.Wheel {
			o.Tags = r.oneOf(texts)
		}
		out = append(out, o)
	}
	if r.bad {
		return nil, errCompact
	}
	return out, nil
}

func (r *frontReader) oneOf(texts []string) Text {
	n := r.number()
	if n >= len(texts) {
		r.bad = true
		return Text{}
	}
	return Text{n, texts[n]}
}

func offerOf(f *File) Offer {
	o := Offer{f.Wheel != nil, f.Yanked, f.Hashes.Sum("sha256") != "", Text{Number: -1}, Text{-1, f.RequiresPython}, f.YankedReason}
	if o.Wheel {
		o.Tags.String = tagsOf(f.Name)
	}
	return o
}
