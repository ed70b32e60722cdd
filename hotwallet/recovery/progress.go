package recovery

import "time"

// Progress is how far a recovery is.
type Progress struct {
	// Began, Height and Until are the blocks after which it began, it has reached, and
	// it ends with.
	Began, Height, Until int64
	// Percent of the blocks are read.
	Percent int64
	// Rate is blocks per second as of late, whole; Left how long the rest takes at it,
	// 0 if that can't be said.
	Rate int64
	Left time.Duration
}

// After is the progress when the last blocks took so long.
func (p Progress) After(blocks int64, took time.Duration) Progress {
	if all := p.Until - p.Began; all > 0 {
		p.Percent = min(100, max(0, 100*(p.Height-p.Began)/all))
	}
	if blocks <= 0 || took <= 0 {
		return p
	}
	p.Rate = blocks * int64(time.Second) / int64(took)
	each := took / time.Duration(blocks)
	p.Left = (each * time.Duration(max(0, p.Until-p.Height))).Round(time.Second)
	return p
}
