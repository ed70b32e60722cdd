package psbt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/btcsuite/btcd/wire/v2"
)

// magic begins every PSBT: "psbt" and a separator.
var magic = []byte{0x70, 0x73, 0x62, 0x74, 0xff}

// Types of a global record (BIP 174).
const (
	globalUnsigned = 0x00
	globalVersion  = 0xfb
)

// inputPrevious is the type of an input's whole previous transaction.
const inputPrevious = 0x00

// scan goes through the maps before anything is made of them: a map of its own for the
// transaction, each input and each output, in each of them every key once, each value as
// long as it says, and nothing behind the last.
func scan(raw []byte) error {
	if !bytes.HasPrefix(raw, magic) {
		return errors.New("it does not begin as one")
	}
	r := bytes.NewReader(raw[len(magic):])
	var unsigned *wire.MsgTx
	err := scanMap(r, func(key, value []byte) (err error) {
		switch {
		case len(key) == 1 && key[0] == globalUnsigned:
			unsigned, err = decode(value, false)
		case len(key) == 1 && key[0] == globalVersion:
			if len(value) != 4 || binary.LittleEndian.Uint32(value) != 0 {
				err = errors.New("only version 0 is read")
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if unsigned == nil {
		return errors.New("it has no unsigned transaction: only version 0 is read, not BIP 370's version 2")
	}
	for i := range unsigned.TxIn {
		err := scanMap(r, func(key, value []byte) error {
			if len(key) == 1 && key[0] == inputPrevious {
				_, err := decode(value, true)
				return err
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	for i := range unsigned.TxOut {
		if err := scanMap(r, func(_, _ []byte) error { return nil }); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	if r.Len() != 0 {
		return fmt.Errorf("%d bytes follow it", r.Len())
	}
	return nil
}

// scanMap reads one map up to its end.
func scanMap(r *bytes.Reader, each func(key, value []byte) error) error {
	seen := map[string]bool{}
	for {
		key, err := scanBytes(r)
		if err != nil {
			return fmt.Errorf("a key: %w", err)
		}
		if len(key) == 0 {
			return nil
		}
		value, err := scanBytes(r)
		if err != nil {
			return fmt.Errorf("the value of key %.20x: %w", key, err)
		}
		if seen[string(key)] {
			return fmt.Errorf("key %.20x is there twice", key)
		}
		seen[string(key)] = true
		if err := each(key, value); err != nil {
			return err
		}
	}
}

// scanBytes reads a length and so many bytes. No room is made for what is not there.
func scanBytes(r *bytes.Reader) ([]byte, error) {
	length, err := wire.ReadVarInt(r, 0)
	if err != nil {
		return nil, fmt.Errorf("its length: %w", err)
	}
	if length > uint64(r.Len()) {
		return nil, fmt.Errorf("it says %d bytes and %d are left", length, r.Len())
	}
	out := make([]byte, length)
	_, err = io.ReadFull(r, out)
	return out, err
}

// leastInput is the least that an input takes up, in bytes, leastOutput an output.
const leastInput, leastOutput = 41, 9

// decode reads a transaction that is written in its one way, with witnesses only where it
// may have them.
func decode(raw []byte, witnesses bool) (*wire.MsgTx, error) {
	if err := roomFor(raw, witnesses); err != nil {
		return nil, err
	}
	tx := new(wire.MsgTx)
	read, write := tx.DeserializeNoWitness, tx.SerializeNoWitness
	if witnesses {
		read, write = tx.Deserialize, tx.Serialize
	}
	r := bytes.NewReader(raw)
	if err := read(r); err != nil {
		return nil, fmt.Errorf("a transaction: %w", err)
	}
	var again bytes.Buffer
	if err := write(&again); err != nil {
		return nil, fmt.Errorf("a transaction: %w", err)
	}
	if r.Len() != 0 || !bytes.Equal(again.Bytes(), raw) {
		return nil, errors.New("a transaction is not in its one encoding")
	}
	return tx, nil
}

// roomFor refuses counts of inputs and outputs that so many bytes can't hold, before a
// decoder makes room for them. That of the outputs stands right behind the one of no inputs.
func roomFor(raw []byte, witnesses bool) error {
	start := 4
	if witnesses && len(raw) > start+2 && raw[start] == wire.TxFlagMarker && raw[start+1] == wire.WitnessFlag {
		start += 2
	}
	if len(raw) < start {
		return errors.New("a transaction is cut short")
	}
	r := bytes.NewReader(raw[start:])
	inputs, err := wire.ReadVarInt(r, 0)
	if err != nil || inputs > uint64(len(raw)/leastInput) {
		return fmt.Errorf("a transaction of %d bytes can't hold %d inputs", len(raw), inputs)
	}
	if inputs > 0 {
		return nil
	}
	outputs, err := wire.ReadVarInt(r, 0)
	if err != nil || outputs > uint64(len(raw)/leastOutput) {
		return fmt.Errorf("a transaction of %d bytes can't hold %d outputs", len(raw), outputs)
	}
	return nil
}
