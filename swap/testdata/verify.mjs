// Verifies Ferry's quotes, receipts and amendments with nothing but Node's own crypto, and runs the cases of vectors/vectors.json:
//   node swap/testdata/verify.mjs swap/testdata/vectors/vectors.json
// It follows docs/verification.md step by step. Decoding addresses of each chain is left to the wallet's own library:
// cases that need it are counted and skipped.
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto'
import { readFileSync } from 'node:fs'

class Refusal extends Error {
  constructor(field, reason) { super(`${field}: ${reason}`); this.field = field }
}
const demand = (ok, field, reason) => { if (!ok) throw new Refusal(field, reason) }
const sha256 = (data) => createHash('sha256').update(data).digest('hex')

// Step 1: pinned keys by their id, the first 8 bytes of the SHA-256 of the public key.
const pin = (texts) => new Map(texts.map((x) => [sha256(Buffer.from(x, 'base64url')).slice(0, 16),
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })]))

// Step 2: the signature, and that the text is the only one the document has.
function open(field, compact = '', type, keys, members) {
  demand(compact.length <= 8192, field, 'it is too large')
  const parts = compact.split('.')
  demand(parts.length === 3, field, 'it is no compact JWS')
  const [header, payload, signature] = parts.map((p) => Buffer.from(p, 'base64url'))
  demand(parts.every((p, i) => [header, payload, signature][i].toString('base64url') === p), field, 'it is not plain base64url')
  const kid = [...keys.keys()].find((id) => header.toString() === `{"alg":"EdDSA","kid":"${id}","typ":"${type}"}`)
  demand(kid, field, 'its header is not that of a pinned key and this type')
  demand(verifySignature(null, Buffer.from(`${parts[0]}.${parts[1]}`), keys.get(kid), signature), field, 'its signature does not verify')
  let document
  try { document = JSON.parse(payload.toString()) } catch { demand(false, field, 'it is no JSON') }
  demand(JSON.stringify(document) === payload.toString(), field, 'it is not written in the one way there is')
  demand([members].flat().includes(Object.keys(document ?? {}).join()), field, 'a member is missing, unknown or out of order')
  return document
}

const isID = (prefix, id) => new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`).test(id)
const isHash = (s) => /^[0-9a-f]{64}$/i.test(s)
const chains = { BTC: 'bitcoin', LTC: 'litecoin', BCH: 'bitcoincash', ETH: 'ethereum', USDT: 'ethereum', USDC: 'ethereum' }
const isAmount = (a, id) => Object.keys(a).join() === 'asset,units' && a.asset === id &&
  typeof a.units === 'string' && /^(0|[1-9][0-9]*)$/.test(a.units) && BigInt(a.units) < 1n << 256n
const time = (field, s) => {
  const at = Date.parse(s)
  demand(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/.test(s) && !isNaN(at) &&
    new Date(at).toISOString().slice(0, 19) === s.slice(0, 19), field, `${s} is no time in UTC`)
  return at
}
const minute = 60_000

// Step 3: a quote's contents. Step 4: against what was asked. Step 5: against the clock.
function readQuote(compact, keys) {
  const field = 'signed_quote'
  const members = 'quote_id,pair,deposit,payout,rate,service_fee,network_fee,' +
    'refund_fee_max,issued_at,accept_by,deposit_window_seconds,confirm_window_seconds'
  const q = open(field, compact, 'ferry-quote+jws', keys, [members, members + ',variable,deposit_min,deposit_max'])
  const { from, to } = q.pair
  demand(isID('quote', q.quote_id) && chains[from] && chains[to] && from !== to, field, 'its id or pair is malformed')
  demand(isAmount(q.deposit, from) && isAmount(q.refund_fee_max, from), field, 'an amount is not one of the deposit asset')
  demand([q.payout, q.service_fee, q.network_fee].every((a) => isAmount(a, to)), field, 'an amount is not one of the payout asset')
  demand(q.deposit.units !== '0' && q.payout.units !== '0', field, 'an amount is zero')
  demand(/^\d+(\.\d+)?$/.test(q.rate), field, 'its rate is no plain decimal')
  demand(time(field, q.accept_by) > time(field, q.issued_at), field, 'its times are out of order')
  demand(q.deposit_window_seconds > 0 && q.confirm_window_seconds >= q.deposit_window_seconds, field, 'its windows are out of order')
  if (!('variable' in q)) return q
  demand(q.variable === true && isAmount(q.deposit_min, from) && isAmount(q.deposit_max, from), field, 'its limits are malformed')
  demand(units(q.deposit_min) > 0n && !outside(q, q.deposit) && !outside(q, q.deposit_min), field, 'its limits are out of order')
  return q
}
const outside = (q, a) => units(a) < units(q.deposit_min) || units(a) > units(q.deposit_max)
function checkQuote(c, keys) {
  const q = readQuote(c.signed_quote, keys.quote), same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
  demand(same(q.pair, c.ask.pair), 'signed_quote.pair', 'it is another')
  demand(!q.variable === !c.ask.variable, 'signed_quote.variable', 'its price is locked, or it is not, other than asked')
  demand(!c.ask.deposit || same(q.deposit, c.ask.deposit), 'signed_quote.deposit', 'it is another')
  demand(!c.ask.payout || same(q.payout, c.ask.payout), 'signed_quote.payout', 'it is another')
  demand(Date.parse(q.issued_at) <= Date.parse(c.now) + minute, 'signed_quote.issued_at', 'it is in the future')
  demand(Date.parse(q.accept_by) > Date.parse(c.now), 'signed_quote.accept_by', 'the lock has lapsed')
  return q
}

// Step 6: a receipt for exactly this quote.
const answers = ['requote', 'refund', 'ask']
const isPolicy = (p) => Object.keys(p).join() === 'on_short,on_over,on_late,on_extra,tolerance_bps' &&
  [p.on_short, p.on_over, p.on_late, p.on_extra].every((a) => answers.includes(a)) &&
  Number.isInteger(p.tolerance_bps) && p.tolerance_bps >= 0 && p.tolerance_bps <= 1000
function readReceipt(c, q, keys) {
  const field = 'signed_receipt', now = Date.parse(c.now)
  const r = open(field, c.signed_receipt, 'ferry-receipt+jws', keys.attest, 'swap_id,quote_id,quote_hash,deposit_chain,deposit_asset,' +
    'deposit_address,deposit_path,payout_address,refund_address,policy,secret_hash,issued_at,deposit_by,confirm_by')
  demand(isID('swap', r.swap_id) && isHash(r.secret_hash), field, 'its id or hash is malformed')
  demand(r.deposit_address && r.deposit_path && r.payout_address, field, 'an address or path is missing')
  demand(isPolicy(r.policy), field, 'its policy is not offered')
  const [issued, deposit, confirm] = [r.issued_at, r.deposit_by, r.confirm_by].map((s) => time(field, s))
  demand(deposit > issued && confirm >= deposit, field, 'its deadlines are out of order')
  demand(r.quote_id === q.quote_id && r.quote_hash === sha256(c.signed_quote), field, 'it is for another quote')
  demand(r.deposit_asset === q.pair.from && r.deposit_chain === chains[q.pair.from], field, 'it is for another chain or asset')
  demand(r.deposit_address !== r.refund_address && r.deposit_address !== r.payout_address, `${field}.deposit_address`, 'it is our own')
  demand(issued >= Date.parse(q.issued_at) - minute && issued <= now + minute, `${field}.issued_at`, 'it is before the quote or in the future')
  demand(deposit === issued + q.deposit_window_seconds * 1000, `${field}.deposit_by`, 'it is not as quoted')
  demand(confirm === issued + q.confirm_window_seconds * 1000, `${field}.confirm_by`, 'it is not as quoted')
  return r
}

// Step 7: against what was asked and the clock.
function checkReceipt(c, keys) {
  const field = 'signed_receipt', r = readReceipt(c, readQuote(c.signed_quote, keys.quote), keys)
  demand(r.payout_address === c.ask.payout_address, `${field}.payout_address`, 'it is another')
  demand(r.refund_address === (c.ask.refund_address ?? ''), `${field}.refund_address`, 'it is another')
  demand(JSON.stringify(r.policy) === JSON.stringify(c.ask.policy), `${field}.policy`, 'it is another')
  demand(r.secret_hash === sha256(c.ask.secret), `${field}.secret_hash`, 'it is of another secret')
  demand(Date.parse(r.deposit_by) > Date.parse(c.now), `${field}.deposit_by`, 'it has passed')
  return r
}

// Step 9: amendments. Each is for this very receipt, made after it and not in the future.
function amends(field, d, r, c) {
  const issued = time(field, d.issued_at)
  demand(d.swap_id === r.swap_id, `${field}.swap_id`, 'it is of another swap')
  demand(d.receipt_hash === sha256(c.signed_receipt), `${field}.receipt_hash`, 'it is of another receipt')
  demand(issued >= Date.parse(r.issued_at) - minute && issued <= Date.parse(c.now) + minute, `${field}.issued_at`, 'it is before the receipt or in the future')
}
function readConsent(c, r, keys) {
  const field = 'signed_consent', d = open(field, c.signed_consent, 'ferry-consent+jws', keys.attest, 'swap_id,receipt_hash,deposit_id,answer,at_least,issued_at')
  demand(isID('swap', d.swap_id) && isHash(d.receipt_hash) && d.deposit_id, field, 'an id or hash is malformed')
  demand(d.answer === 'refund' || d.answer === 'requote' && d.at_least.units !== '0', field, 'its answer is none')
  amends(field, d, r, c)
  return d
}
function checkConsent(c, keys) {
  const field = 'signed_consent', r = readReceipt(c, readQuote(c.signed_quote, keys.quote), keys), d = readConsent(c, r, keys)
  demand(d.deposit_id === c.ask.deposit_id, `${field}.deposit_id`, 'it is another')
  demand(d.answer === c.ask.answer, `${field}.answer`, 'it is another')
  demand(d.answer === 'refund' || JSON.stringify(d.at_least) === JSON.stringify(c.ask.at_least), `${field}.at_least`, 'it is another')
  return d
}
function checkRefundAddress(c, keys) {
  const field = 'signed_refund_address', r = readReceipt(c, readQuote(c.signed_quote, keys.quote), keys)
  const d = open(field, c.signed_refund_address, 'ferry-refund-address+jws', keys.attest, 'swap_id,receipt_hash,refund_address,issued_at')
  demand(isID('swap', d.swap_id) && isHash(d.receipt_hash) && d.refund_address, field, 'a part is missing or malformed')
  amends(field, d, r, c)
  demand(r.refund_address === '', field, 'the receipt names a refund address')
  demand(d.refund_address === c.ask.refund_address && d.refund_address !== r.deposit_address, `${field}.refund_address`, 'it is another')
  return d
}
// A deposit in another asset goes back less the fee that its owner said yes to.
function checkWrongAssetRefund(c, keys) {
  const field = 'signed_wrong_asset_refund', r = readReceipt(c, readQuote(c.signed_quote, keys.quote), keys)
  const d = open(field, c.signed_wrong_asset_refund, 'ferry-wrong-asset-refund+jws', keys.attest, 'swap_id,receipt_hash,deposit_id,deposit,fee,destination,issued_at')
  const id = d.deposit?.asset
  demand(isID('swap', d.swap_id) && isHash(d.receipt_hash) && d.destination, field, 'a part is missing or malformed')
  demand(chains[id] && isAmount(d.deposit, id) && isAmount(d.fee, id) && units(d.fee) < units(d.deposit), field, 'its fee leaves nothing')
  demand(d.deposit_id.startsWith(`${chains[id]}:`), field, 'it is on another chain than its asset')
  amends(field, d, r, c)
  demand(d.deposit_id === c.ask.deposit_id, `${field}.deposit_id`, 'it is another')
  for (const part of ['deposit', 'fee']) demand(JSON.stringify(d[part]) === JSON.stringify(c.ask[part]), `${field}.${part}`, 'it is another')
  demand(d.destination === c.ask.destination && d.destination !== r.deposit_address, `${field}.destination`, 'it is another')
  const home = chains[id] === r.deposit_chain ? r.refund_address : ''
  demand(id !== r.deposit_asset && (home === '' || d.destination === home), field, 'it is in the asset of the receipt, or goes elsewhere than to its refund address')
  return d
}

// Step 10: a requote is for exactly these deposits, no dearer than quoted, and the user said yes to it.
const units = (a) => BigInt(a.units)
const decimals = { BTC: 8, LTC: 8, BCH: 8, ETH: 18, USDT: 6, USDC: 6 }
function checkRequote(c, keys) {
  const field = 'signed_requote', q = readQuote(c.signed_quote, keys.quote), r = readReceipt(c, q, keys), { from, to } = q.pair
  const d = open(field, c.signed_requote, 'ferry-requote+jws', keys.quote, 'requote_id,swap_id,receipt_hash,consent_hash,main,' +
    'deposits_hash,deposit,payout,service_fee,network_fee,rate,issued_at')
  demand(d.requote_id && isID('swap', d.swap_id) && [d.receipt_hash, d.deposits_hash, d.consent_hash || d.receipt_hash].every(isHash), field, 'an id or hash is malformed')
  demand(/^\d+(\.\d+)?$/.test(d.rate) && units(d.payout) > 0n && units(d.deposit) > 0n, field, 'a number is malformed')
  amends(field, d, r, c)
  const consent = c.signed_consent ? readConsent(c, r, keys) : null
  const deposits = [...(c.ask.deposits ?? [])].sort((a, b) => a.deposit_id < b.deposit_id ? -1 : 1)
  demand(deposits.length <= 50 && deposits.every((x, i) => x.amount.units !== '0' && (i === 0 || deposits[i - 1].deposit_id < x.deposit_id)), field, 'a deposit is twice, or nothing')
  demand(deposits.length > 0 && d.deposits_hash === sha256(JSON.stringify(deposits)), field, 'it is for other deposits')
  demand(isAmount(d.deposit, from) && [d.payout, d.service_fee, d.network_fee].every((a) => isAmount(a, to)), field, 'it is for another pair')
  demand(deposits.every((x) => isAmount(x.amount, from)) && deposits.reduce((sum, x) => sum + units(x.amount), 0n) === units(d.deposit), field, 'it is for another amount')
  demand(d.main || deposits.length === 1, field, 'an extra deposit is requoted by itself')
  // Gross payouts, before fees. Each was rounded once, by less than a step of a quoted amount.
  const step = 10n ** BigInt(Math.max(0, decimals[to] - 8)), gross = (x) => units(x.payout) + units(x.service_fee) + units(x.network_fee)
  demand(units(d.network_fee) <= units(q.network_fee) && (units(d.service_fee) - step) * gross(q) <= gross(d) * units(q.service_fee), field, 'its fees are greater than quoted')
  const within = (bps) => (gross(d) + step) * units(q.deposit) * 10000n >= gross(q) * units(d.deposit) * (10000n - BigInt(bps))
  if (d.consent_hash) {
    demand(consent && d.consent_hash === sha256(c.signed_consent), field, 'the consent it rests on is not there')
    demand(consent.deposit_id === deposits[0].deposit_id && consent.answer === 'requote', field, 'the consent is to something else')
    demand(consent.at_least.asset === to && units(d.payout) >= units(consent.at_least), field, 'it pays less than consented to')
    return d
  }
  if (q.variable) { // each deposit has a rate of its own, within the quote's limits and a tenth of its estimate
    demand(deposits.length === 1 && !outside(q, d.deposit), field, 'it is for several deposits, or outside of the limits')
    demand((d.main || r.policy.on_extra === 'requote') && within(1000), field, 'the policy does not permit it, or it is far below the estimate')
    return d
  }
  const more = units(d.deposit) > units(q.deposit), little = units(d.deposit) - units(q.deposit) <= 2n * units(q.refund_fee_max)
  if (d.main && r.policy.on_over === 'refund' && more && little && units(d.payout) >= units(q.payout) && within(0)) return d // added at the locked rate
  const verdict = !d.main ? 'on_extra' : more ? 'on_over' : units(d.deposit) < units(q.deposit) ? 'on_short' : 'on_late'
  demand(r.policy[verdict] === 'requote' || d.main && r.policy.on_late === 'requote', field, 'the policy does not permit it')
  demand(within(r.policy.tolerance_bps), field, 'its price is beyond the tolerance')
  return d
}
const checks = { quote: checkQuote, receipt: checkReceipt, consent: checkConsent, refund_address: checkRefundAddress, requote: checkRequote, wrong_asset_refund: checkWrongAssetRefund }

const { cases, quote_keys, attest_keys } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const keys = { quote: pin(quote_keys), attest: pin(attest_keys) }
let agreed = 0, skipped = 0, wrong = 0
for (const c of cases) {
  if (c.needs_address_codec) { skipped++; continue }
  let refused = '', verified
  try { verified = checks[c.document](c, keys) } catch (e) {
    if (!(e instanceof Refusal)) throw e
    refused = e.field
  }
  if (refused === c.refused && JSON.stringify(verified) === JSON.stringify(c.verified)) { agreed++; continue }
  wrong++
  console.log(`${c.name}: refused ${refused || 'nothing'}, the file says ${c.refused || 'nothing'}`)
}
console.log(`${agreed} cases agree, ${wrong} do not, ${skipped} need a decoder of addresses`)
process.exit(wrong || !agreed ? 1 : 0)
