package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"ferry/gateway/api"
	"ferry/swap"
)

// maxBody is the largest request body, in bytes. The largest one that makes sense
// is a signed quote (swap.MaxDocument), two addresses and a policy.
const maxBody = 16 << 10

// bodies says which routes read a body, and its shape.
var bodies = map[string]reflect.Type{
	http.MethodPost + " /v1/quotes":                    reflect.TypeFor[api.QuoteRequest](),
	http.MethodPost + " /v1/swaps":                     reflect.TypeFor[api.SwapRequest](),
	http.MethodPost + " /v1/swaps/{id}/answer":         reflect.TypeFor[api.AnswerRequest](),
	http.MethodPost + " /v1/swaps/{id}/refund-address": reflect.TypeFor[api.RefundAddressRequest](),
}

// strictBody reads and checks the body before the generated handler, whose own
// decoder ignores unknown and repeated fields and whatever follows.
func strictBody(log *slog.Logger) api.MiddlewareFunc {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			shape, reads := bodies[r.Pattern]
			if !reads {
				next.ServeHTTP(w, r)
				return
			}
			raw, err := readBody(w, r)
			if err == nil {
				err = checkBody(raw, shape)
			}
			if err != nil {
				writeError(w, r, log, err)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(raw))
			next.ServeHTTP(w, r)
		})
	}
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, invalidBody("", "application/json", "The Content-Type must be application/json.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, swap.Refuse(swap.CodeBodyTooLarge, "", strconv.Itoa(maxBody),
			fmt.Sprintf("The body is larger than %d bytes.", maxBody))
	case err != nil:
		return nil, invalidBody("", "", "The body could not be read to its end.")
	}
	return raw, nil
}

// checkBody refuses whatever is not exactly one JSON object of the shape: each
// field once, spelt exactly, none unknown, none required missing, each a string,
// a number, true or false, or an object as the shape has it. What it accepts, encoding/json decodes alike.
func checkBody(raw []byte, shape reflect.Type) error {
	if !utf8.Valid(raw) {
		return invalidBody("", "UTF-8", "The body is not UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return invalidBody("", "", "The body must be a JSON object.")
	}
	if err := checkObject(d, "", shape); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalidBody("", "", "Something follows the JSON object.")
	}
	return nil
}

// checkObject reads an object whose opening brace has been read. Its depth is the
// shape's: a value that does not fit is refused at its first token.
func checkObject(d *json.Decoder, path string, shape reflect.Type) error {
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return notJSON()
		}
		field, known := fieldOf(shape, name)
		switch {
		case !known:
			return invalidBody(path+clip(name), "", fmt.Sprintf("There is no field %q here.", clip(name)))
		case seen[name]:
			return invalidBody(path+name, "", fmt.Sprintf("The field %q is given twice.", path+name))
		}
		seen[name] = true
		if err := checkValue(d, path+name, field.Type); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON()
	}
	for i := range shape.NumField() {
		name, optional := jsonName(shape.Field(i))
		if !optional && !seen[name] {
			return invalidBody(path+name, "", fmt.Sprintf("The field %q is missing.", path+name))
		}
	}
	return nil
}

func checkValue(d *json.Decoder, path string, shape reflect.Type) error {
	token, err := d.Token()
	if err != nil {
		return notJSON()
	}
	if shape.Kind() == reflect.Pointer { // a field whose absence means something
		shape = shape.Elem()
	}
	switch shape.Kind() {
	case reflect.Struct:
		if token != json.Delim('{') {
			return invalidBody(path, "object", fmt.Sprintf("The field %q must be an object.", path))
		}
		return checkObject(d, path+".", shape)
	case reflect.Bool:
		if _, isBool := token.(bool); !isBool {
			return invalidBody(path, "true, false", fmt.Sprintf("The field %q must be true or false.", path))
		}
	case reflect.Int64:
		number, isNumber := token.(json.Number)
		if _, err := strconv.ParseInt(number.String(), 10, 64); !isNumber || err != nil {
			return invalidBody(path, "whole number", fmt.Sprintf("The field %q must be a whole number.", path))
		}
	default:
		if _, isText := token.(string); !isText {
			return invalidBody(path, "string", fmt.Sprintf("The field %q must be a string.", path))
		}
	}
	return nil
}

func fieldOf(shape reflect.Type, name string) (reflect.StructField, bool) {
	for i := range shape.NumField() {
		if n, _ := jsonName(shape.Field(i)); n == name {
			return shape.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

// jsonName is a field's name and whether it may be absent.
func jsonName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, strings.Contains(options, "omitempty")
}

// clip keeps a foreign name short enough to repeat.
func clip(name string) string {
	const most = 40
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + "…"
}

func notJSON() error { return invalidBody("", "", "The body is not valid JSON.") }

func invalidBody(field, limit, message string) error {
	return swap.Refuse(swap.CodeInvalidBody, field, limit, message)
}
