// A service beside Callboard: what each service costs. Node 20 or newer, nothing else.
//
//   CALLBOARD=http://127.0.0.1:7007 PORT=8080 node server.mjs

import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'

const CALLBOARD = process.env.CALLBOARD
const NAME = process.env.NAME ?? 'costs' // as callboard.services calls us: tokens for others are not for us
const COSTS = { 'component:default/web': [['may', 120], ['june', 135]] }

let keys = new Map()
let read = 0

// The public keys, read when one is named that we do not know, and at most every five seconds.
async function keyOf(kid) {
  if (!keys.has(kid) && Date.now() - read > 5000) {
    read = Date.now()
    const answer = await fetch(`${CALLBOARD}/.well-known/jwks.json`, { redirect: 'error' })
    const set = await answer.json()
    keys = new Map(set.keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]))
  }
  return keys.get(kid)
}

const part = (text) => JSON.parse(Buffer.from(text, 'base64url').toString())

// Who asks, or null for a token that is not good.
async function callerOf(authorization = '') {
  try {
    const [head, claims, signature] = authorization.replace(/^Bearer /, '').split('.')
    const { alg, kid } = part(head)
    const key = await keyOf(kid)
    const signed = Buffer.from(`${head}.${claims}`)
    const fits = { key, dsaEncoding: 'ieee-p1363' }
    if (alg !== 'ES256' || !key || !verify('sha256', signed, fits, Buffer.from(signature, 'base64url'))) return null
    const told = part(claims)
    const now = Date.now() / 1000
    return told.aud === NAME && told.nbf <= now + 5 && told.exp > now - 5 ? told : null
  } catch {
    return null
  }
}

const server = createServer(async (request, response) => {
  const say = (status, value) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
  }
  const caller = await callerOf(request.headers.authorization)
  if (!caller) return say(401, { message: 'no good token' })
  if (!request.url.startsWith('/v1/costs/')) return say(404, { message: 'there is no such address' })
  const months = COSTS[caller.entity] // which entity it is about, Callboard says
  if (!months) return say(404, { message: `nobody counts what ${caller.entity} costs` })
  say(200, {
    total: months.reduce((sum, [, eur]) => sum + eur, 0),
    currency: 'EUR',
    asked_by: caller.sub,
    months: months.map(([month, eur]) => ({ month, eur })),
  })
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`)
})
