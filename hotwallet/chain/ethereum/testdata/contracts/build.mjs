// Compiles the contracts of this folder into artifacts.json, which is committed: for each contract the code that makes
// it, and the hash of its source, so that a Go test notices a source that was changed without this. What a chain for
// development has for tokens goes to the faucet besides.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const solc = createRequire(process.argv[2])('solc')
const files = readdirSync('.').filter((f) => f.endsWith('.sol')).sort()
const sources = Object.fromEntries(files.map((f) => [f, { content: readFileSync(f, 'utf8') }]))
const output = JSON.parse(solc.compile(JSON.stringify({
  language: 'Solidity',
  sources,
  settings: {
    evmVersion: 'cancun', // no fork that a public chain does not have
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.methodIdentifiers'] } },
  },
})))
const errors = (output.errors ?? []).filter((e) => e.severity === 'error')
if (errors.length > 0) {
  console.error(errors.map((e) => e.formattedMessage).join('\n'))
  process.exit(1)
}
const artifacts = { compiler: solc.version(), sources: {}, contracts: {} }
for (const f of files) {
  artifacts.sources[f] = createHash('sha256').update(sources[f].content).digest('hex')
  for (const [name, c] of Object.entries(output.contracts[f])) {
    artifacts.contracts[name] = { code: c.evm.bytecode.object, methods: c.evm.methodIdentifiers }
  }
}
writeFileSync('artifacts.json', JSON.stringify(artifacts, null, 1) + '\n')
const faucet = { USDT: artifacts.contracts.Tether.code, USDC: artifacts.contracts.Token.code }
writeFileSync('../../../../../deploy/demo/faucet/tokens.json', JSON.stringify(faucet, null, 1) + '\n')
