package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep JSON is nested.
const maxDepth = 64

// Decode reads one JSON value into what `into` points at, as encoding/json does,
// and refuses what two readers could understand differently: a name twice in one
// object, a name of the struct in another case, text behind the value, what is
// not UTF-8. Names that the struct has not are passed over, as in-toto asks.
func Decode(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := check(d, reflect.TypeOf(into), 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something stands behind its end")
	}
	return json.Unmarshal(data, into)
}

// check walks one value, which is to become a t; nil: anything.
func check(d *json.Decoder, t reflect.Type, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return ended(err)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		err = checkObject(d, t, depth)
	case json.Delim('['):
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice && t != rawMessage {
			elem = t.Elem()
		}
		for err == nil && d.More() {
			err = check(d, elem, depth+1)
		}
	default:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = d.Token() // the closing one
	return ended(err)
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

func checkObject(d *json.Decoder, t reflect.Type, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return ended(err)
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("%v is no name", token)
		}
		if seen[name] {
			return fmt.Errorf("the name %.80q stands twice in one object", name)
		}
		seen[name] = true
		member, err := memberOf(t, name)
		if err != nil {
			return err
		}
		if err := check(d, member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// memberOf is the type of the member of t called name; nil where t does not say.
func memberOf(t reflect.Type, name string) (reflect.Type, error) {
	switch {
	case t == nil:
		return nil, nil
	case t.Kind() == reflect.Map:
		return t.Elem(), nil
	case t.Kind() != reflect.Struct:
		return nil, nil
	}
	var found reflect.Type
	for i := range t.NumField() {
		field, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch {
		case field == name:
			found = t.Field(i).Type
		case strings.EqualFold(field, name):
			return nil, fmt.Errorf("the name %.80q is %q in another case", name, field)
		}
	}
	return found, nil
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}
