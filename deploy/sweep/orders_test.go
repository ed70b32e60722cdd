package main

import (
	"errors"
	"testing"
)

// What the venues have taken and the book must agree on, order by order.
func TestOrdersAreComparedByClientID(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		at   []seen
		book []booked
		want error
	}{
		{"none", nil, nil, nil},
		{"done, in part, not filled, and never sent", []seen{{"kraken", "a", 5}, {"okx", "a", 2}, {"okx", "b", 0}},
			[]booked{{"kraken", "a", "done", 5, 5}, {"okx", "a", "done", 2, 2}, {"okx", "b", "done", 0, 0}, {"okx", "c", "void", 0, 0}}, nil},
		{"sent again", []seen{{"kraken", "a", 5}, {"kraken", "a", 5}}, []booked{{"kraken", "a", "done", 5, 5}}, errHedgedTwice},
		{"sent again and not filled", []seen{{"kraken", "a", 5}, {"kraken", "a", 0}}, []booked{{"kraken", "a", "done", 5, 5}}, errHedgedTwice},
		{"filled and held to be void", []seen{{"kraken", "a", 5}}, []booked{{"kraken", "a", "void", 0, 0}}, errLost},
		{"filled and not stored", []seen{{"kraken", "a", 5}}, nil, errLost},
		{"a fill is missing", []seen{{"kraken", "a", 5}}, []booked{{"kraken", "a", "done", 5, 3}}, errLost},
		{"a part is missing", []seen{{"kraken", "a", 5}}, []booked{{"kraken", "a", "done", 3, 3}}, errLost},
		{"booked and never sent", nil, []booked{{"kraken", "a", "done", 5, 5}}, errLost},
		{"at another venue", []seen{{"okx", "a", 5}}, []booked{{"kraken", "a", "done", 5, 5}}, errLost},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := compare(test.at, test.book); !errors.Is(err, test.want) || test.want == nil && err != nil {
				t.Errorf("%v, not %v", err, test.want)
			}
		})
	}
}
