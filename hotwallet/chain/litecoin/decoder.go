package litecoin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

const (
	headerSize   = 80
	lockTimeSize = 4
	// The bits of a transaction's flag (primitives/transaction.h).
	flagWitness   = 1
	flagExtension = 8
)

// extension says what a transaction has of the extension block.
type extension int

const (
	none    extension = iota
	hogEx             // flagged, without data: it is the block's HogEx
	carried           // flagged, with data, which follow
)

var errShort = errors.New("the bytes end too early")

// decoder takes bytes from the front. After its first error it gives zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) take(n int) []byte {
	if d.err == nil && n > len(d.rest) {
		d.err = errShort
	}
	if d.err != nil {
		return make([]byte, min(n, headerSize)) // long enough for every fixed field
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte     { return d.take(1)[0] }
func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }

// compact reads Bitcoin's variable-length number, in its shortest form only.
func (d *decoder) compact() uint64 {
	var n, least uint64
	switch first := d.byte(); first {
	case 0xfd:
		n, least = uint64(binary.LittleEndian.Uint16(d.take(2))), 0xfd
	case 0xfe:
		n, least = uint64(d.uint32()), 0x1_0000
	case 0xff:
		n, least = binary.LittleEndian.Uint64(d.take(8)), 0x1_0000_0000
	default:
		n = uint64(first)
	}
	if d.err == nil && n < least {
		d.err = fmt.Errorf("%d is not written in its shortest form", n)
	}
	if d.err != nil {
		return 0
	}
	return n
}

// count reads how many items follow, each of at least size bytes: no more than the
// bytes there are.
func (d *decoder) count(size int) uint64 {
	n := d.compact()
	if n > uint64(len(d.rest)/size) {
		d.err = errors.Join(d.err, errShort)
		return 0
	}
	return n
}

func (d *decoder) bytes() []byte { return bytes.Clone(d.take(int(d.count(1)))) }

func (d *decoder) header() (wire.BlockHeader, error) {
	var h wire.BlockHeader
	raw := d.take(headerSize)
	if d.err != nil {
		return h, d.err
	}
	return h, h.Deserialize(bytes.NewReader(raw))
}

// transaction reads one up to its end, or up to its extension data if it carries any.
func (d *decoder) transaction() (*wire.MsgTx, extension) {
	tx := &wire.MsgTx{Version: int32(d.uint32())}
	var flags byte
	if d.err == nil && len(d.rest) > 1 && d.rest[0] == 0 {
		d.rest = d.rest[1:]
		if flags = d.byte(); flags == 0 || flags&^(flagWitness|flagExtension) != 0 {
			d.err = errors.Join(d.err, fmt.Errorf("the transaction's flag is %#x", flags))
			return tx, none
		}
	}
	d.inputs(tx)
	d.outputs(tx)
	if flags&flagWitness != 0 {
		d.witnesses(tx)
	}
	ext := none
	if flags&flagExtension != 0 {
		switch there := d.byte(); {
		case there == 0 && len(tx.TxOut) > 0:
			ext = hogEx
		case there == 1:
			return tx, carried
		default:
			d.err = errors.Join(d.err, errors.New("extension data are announced and missing"))
		}
	}
	tx.LockTime = d.uint32()
	return tx, ext
}

func (d *decoder) inputs(tx *wire.MsgTx) {
	for range d.count(41) { // outpoint, an empty script's length, sequence
		in := &wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chainhash.Hash(d.take(chainhash.HashSize)), Index: d.uint32()}}
		in.SignatureScript, in.Sequence = d.bytes(), d.uint32()
		tx.TxIn = append(tx.TxIn, in)
		if d.err != nil {
			return
		}
	}
}

func (d *decoder) outputs(tx *wire.MsgTx) {
	for range d.count(9) { // value, an empty script's length
		value := int64(binary.LittleEndian.Uint64(d.take(8)))
		tx.TxOut = append(tx.TxOut, &wire.TxOut{Value: value, PkScript: d.bytes()})
		if d.err != nil {
			return
		}
	}
}

// witnesses must be there if they are announced.
func (d *decoder) witnesses(tx *wire.MsgTx) {
	some := false
	for _, in := range tx.TxIn {
		for range d.count(1) {
			in.Witness = append(in.Witness, d.bytes())
			if d.err != nil {
				return
			}
		}
		some = some || len(in.Witness) > 0
	}
	if !some {
		d.err = errors.Join(d.err, errors.New("witnesses are announced and missing"))
	}
}
