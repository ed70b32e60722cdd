package feed

// Wire is how one connection of a venue carries its books, each under the name that
// Config has for it. It is driven by one goroutine.
type Wire interface {
	// Address completes a stream's address for a connection that begins with these books.
	Address(stream string, names []string) string
	// Hello is what to say on such a connection, in order.
	Hello(names []string) [][]byte
	// Subscribe and Unsubscribe are what to say to hear of more books, or of some no
	// more. Both, one after the other, have a book told anew.
	Subscribe(names []string) [][]byte
	Unsubscribe(names []string) [][]byte
	// Route finds the name of the book that a message is of, empty for none, and what its
	// Protocol takes. ErrGap says that something is missing before this message, of any
	// book; other errors end the connection. Whether a message really is of the book and
	// well-formed is for the Protocol to say.
	Route(raw []byte) (name, body []byte, err error)
}

// Spoken is embedded by wires whose books are all asked for on the connection.
type Spoken struct{}

// Address implements Wire: it names no books.
func (Spoken) Address(stream string, _ []string) string { return stream }

// Alone is the wire of venues with a connection for each book.
type Alone struct {
	Spoken
	Name string
	// Ask is what to say at first, and to be told the book anew.
	Ask []byte
}

// Hello implements Wire.
func (a Alone) Hello([]string) [][]byte { return [][]byte{a.Ask} }

// Subscribe implements Wire.
func (a Alone) Subscribe([]string) [][]byte { return [][]byte{a.Ask} }

// Unsubscribe implements Wire: the connection ends.
func (Alone) Unsubscribe([]string) [][]byte { return nil }

// Route implements Wire: there is one book only.
func (a Alone) Route(raw []byte) (name, body []byte, err error) { return []byte(a.Name), raw, nil }
