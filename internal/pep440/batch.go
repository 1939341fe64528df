package pep440

// Batch reads versions by the thousand into few allocations: those that one
// Batch has read are freed together. The zero value is ready; it is not safe for
// concurrent use.
type Batch struct {
	parts   []parts
	numbers []uint64
}

const (
	batchParts   = 64
	batchNumbers = 4 * batchParts
)

// Parse is the package's Parse.
func (b *Batch) Parse(text string) (Version, error) { return parseIn(text, b) }

func (b *Batch) newParts() *parts {
	if b == nil {
		return &parts{}
	}
	if len(b.parts) == cap(b.parts) {
		b.parts = make([]parts, 0, batchParts)
	}
	b.parts = b.parts[:len(b.parts)+1]
	return &b.parts[len(b.parts)-1]
}

// release is room for a release segment to be appended to; done gives it back
// with what was appended.
func (b *Batch) release() []uint64 {
	if b == nil {
		return make([]uint64, 0, 3)
	}
	if cap(b.numbers)-len(b.numbers) < 4 {
		b.numbers = make([]uint64, 0, batchNumbers)
	}
	return b.numbers[len(b.numbers):]
}

func (b *Batch) done(release []uint64) []uint64 {
	if b != nil && len(release) <= cap(b.numbers)-len(b.numbers) { // else it grew out of the room
		b.numbers = b.numbers[:len(b.numbers)+len(release)]
	}
	return release[:len(release):len(release)]
}
