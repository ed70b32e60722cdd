package postgres

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// bookArgs are the rows of book.sql, column by column.
func bookArgs(id asset.ID, locks []liquidity.Lock) pgx.NamedArgs {
	column := func(value func(l *liquidity.Lock) string) []string {
		values := make([]string, len(locks))
		for i := range locks {
			values[i] = value(&locks[i])
		}
		return values
	}
	units := func(of func(l *liquidity.Lock) asset.Units) string {
		return plainArray(column(func(l *liquidity.Lock) string { return of(l).String() }))
	}
	at := func(of func(l *liquidity.Lock) time.Time) string {
		return textArray(column(func(l *liquidity.Lock) string { return timeText(of(l)) }))
	}
	text := func(of func(l *liquidity.Lock) string) string { return textArray(column(of)) }
	return pgx.NamedArgs{
		"payout_asset": string(id), "quote_ids": text(func(l *liquidity.Lock) string { return l.Quote.ID }),
		"pairs":           text(func(l *liquidity.Lock) string { return l.Quote.Pair.String() }),
		"clients":         text(func(l *liquidity.Lock) string { return l.Client }),
		"signed_quotes":   text(func(l *liquidity.Lock) string { return l.Signed }),
		"deposits":        units(func(l *liquidity.Lock) asset.Units { return l.Quote.Deposit.Units }),
		"payouts":         units(func(l *liquidity.Lock) asset.Units { return l.Quote.Payout.Units }),
		"service_fees":    units(func(l *liquidity.Lock) asset.Units { return l.Quote.ServiceFee.Units }),
		"network_fees":    units(func(l *liquidity.Lock) asset.Units { return l.Quote.NetworkFee.Units }),
		"refund_fees_max": units(func(l *liquidity.Lock) asset.Units { return l.Quote.RefundFeeMax.Units }),
		"issued_at":       at(func(l *liquidity.Lock) time.Time { return l.Quote.IssuedAt }),
		"accept_by":       at(func(l *liquidity.Lock) time.Time { return l.Quote.AcceptBy }),
		"deposit_by":      at(func(l *liquidity.Lock) time.Time { return liquidity.DepositBy(l.Quote) }),
		"variable":        plainArray(column(func(l *liquidity.Lock) string { return boolText(l.Quote.Variable) })),
	}
}

// microseconds is a time as PostgreSQL keeps it: what is below is cut.
const microseconds = "2006-01-02T15:04:05.999999Z07:00"

func timeText(t time.Time) string { return t.UTC().Format(microseconds) }

func boolText(b bool) string {
	if b {
		return "t"
	}
	return "f"
}

// plainArray writes an array of numbers or booleans as PostgreSQL reads arrays: one text is
// encoded in a fraction of the time that pgx takes for a slice's elements.
func plainArray(values []string) string { return "{" + strings.Join(values, ",") + "}" }

// textArray is plainArray of any texts: each is quoted, with a backslash before every quote
// and backslash in it.
func textArray(values []string) string {
	size := 2
	for _, v := range values {
		size += len(v) + 3
	}
	var b strings.Builder
	b.Grow(size)
	_ = b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			_ = b.WriteByte(',')
		}
		_ = b.WriteByte('"')
		if strings.ContainsAny(v, `"\`) {
			v = escapes.Replace(v)
		}
		_, _ = b.WriteString(v)
		_ = b.WriteByte('"')
	}
	_ = b.WriteByte('}')
	return b.String()
}

var escapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
