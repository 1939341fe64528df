package advisory

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Limits of a record in YAML.
const (
	maxYAML  = 2 << 20 // bytes
	maxNodes = 500_000
	maxNest  = 50
)

// jsonOf makes JSON of a record in YAML, as PyPA's database writes them. Scalars
// but null and booleans stay the text that they are written as: a version 1.10 is
// no number.
func jsonOf(data []byte) ([]byte, error) {
	if len(data) > maxYAML {
		return nil, fmt.Errorf("%d bytes of YAML; %d are the most", len(data), maxYAML)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("no record in it")
	}
	c := converter{left: maxNodes}
	v, err := c.value(doc.Content[0], 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

type converter struct{ left int }

func (c *converter) value(n *yaml.Node, depth int) (any, error) {
	c.left--
	if c.left < 0 || depth > maxNest {
		return nil, errors.New("too many values, or too deep")
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := c.value(n.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = v
		}
		return out, nil
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := c.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.ScalarNode:
		return scalar(n)
	}
	return nil, fmt.Errorf("line %d: anchors and aliases are not read", n.Line)
}

func scalar(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!timestamp":
		var t time.Time
		if err := n.Decode(&t); err != nil {
			return nil, err
		}
		return t.UTC().Format(time.RFC3339Nano), nil
	}
	return n.Value, nil
}
