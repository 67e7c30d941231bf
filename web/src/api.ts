// The one way to the server: its public REST interface. Errors keep what the server said and what to do next.

import type { Said } from './i18n/said'

export interface Problem {
  code?: string
  title?: string
  detail?: string
  next?: string
  /** The facts of the detail, for a sentence in the reader's language. */
  said?: Said
  /** The right that was missing, as `/permissions` lists it. */
  right?: string
  /** What AMT itself answered, where the refusal is its own. */
  amt?: number
  /** After a wrong consent code: how many more the PC takes. */
  triesLeft?: number | undefined
  /** Something was to be done, and whether it was is not known. */
  unsure?: boolean
}

export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Problem) {
    super(problem.detail || problem.title || `HTTP ${status}`)
  }
}

let signedOut: () => void = () => {}

/** Called when the server does not know the caller any more. */
export function onSignedOut(tell: () => void) {
  signedOut = tell
}

const reachability = new Set<(reachable: boolean) => void>()

/** Calls `tell` with each answer, or each lack of one. */
export function onReach(tell: (reachable: boolean) => void): () => void {
  reachability.add(tell)
  return () => void reachability.delete(tell)
}

export function noteReach(reachable: boolean) {
  reachability.forEach((tell) => tell(reachable))
}

type Fields = Record<string, unknown>

const fields = (body: unknown): Fields => (typeof body === 'object' && body !== null ? (body as Fields) : {})

/** Words for people, or nothing: what has a tag in it is a page or a message between machines. */
const wordsIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' && !/<[/!?]?[a-z][^<]*>/i.test(value) ? value : undefined

const numberIn = (value: unknown) => (typeof value === 'number' ? value : undefined)

function saidIn(value: unknown): Said | undefined {
  const { key, values } = fields(value)
  return typeof key === 'string' ? { key, values: fields(values) as Said['values'] } : undefined
}

/**
 * Everything a refusal may look like: ours (`problem+json`), Open AMT's `error`, its validators' list; or what a machine on
 * the way says in its own form, of which the status alone is told.
 */
function problemOf(body: unknown, status: number): Problem {
  const b = fields(body)
  const plain = `HTTP ${status}`
  const own = fields(b['Body'])
  const amt = numberIn(own['ReturnValue'])
  if (amt !== undefined) return { title: wordsIn(own['ReturnValueStr']) ?? `AMT: ${amt}`, amt, triesLeft: numberIn(b['triesLeft']) }
  if (Array.isArray(b['errors']) && !wordsIn(b['title'])) {
    const first = fields(b['errors'][0])
    const [said, path] = [wordsIn(first['msg']), wordsIn(first['path'])]
    return { title: said ?? plain, detail: path && said ? `${path}: ${said}` : said }
  }
  const error = wordsIn(b['error'])
  // Ours carry those words too, for Open AMT's clients.
  if (error && !wordsIn(b['title'])) return { title: error, detail: wordsIn(b['errorDescription']) ?? error }
  return {
    code: wordsIn(b['code']),
    title: wordsIn(b['title']) ?? wordsIn(b['message']) ?? plain,
    detail: wordsIn(b['detail']),
    next: wordsIn(b['next']),
    said: saidIn(b['said']),
    right: wordsIn(b['right']),
    amt: numberIn(b['amt']),
    unsure: b['unsure'] === true
  }
}

/** The status of answers that are none of this server's, though they say that all went well. */
export const UNREADABLE = -1

/** What an answer says that went well; a page of something on the way, such as a proxy's, is no answer. */
function wellSaid<T>(text: string, reads: boolean): T {
  try {
    if (text || !reads) return (text ? JSON.parse(text) : undefined) as T
  } catch {
    // Said below, as for an answer that is missing.
  }
  throw new ApiError(UNREADABLE, { unsure: !reads })
}

/** `reads`: nothing is changed by it, so that nobody needs to know whether it was done. */
export async function call<T>(
  method: string, path: string, body?: unknown, extra: Record<string, string> = {}, reads = method === 'GET'
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...extra }
  const isText = typeof body === 'string'
  const isPicture = body instanceof Blob
  if (body !== undefined) headers['Content-Type'] = isPicture ? body.type : isText ? 'text/plain' : 'application/json'
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined || isText || isPicture ? body : JSON.stringify(body)
    })
  } catch {
    noteReach(false)
    throw new ApiError(0, { code: 'E1110', title: 'unreachable', unsure: !reads })
  }
  noteReach(true)
  // A line that breaks may do so within an answer.
  const text = await response.text().catch(() => '')
  if (response.ok) return response.status === 204 ? (undefined as T) : wellSaid<T>(text, reads)
  if (response.status === 401 && path !== '/session') signedOut()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // A page or plain text; the status says enough.
  }
  throw new ApiError(response.status, problemOf(parsed, response.status))
}

/** Sends the next bytes of an upload; what came back says where it goes on. */
export async function append<T>(path: string, offset: number, piece: Blob): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method: 'PATCH',
      headers: { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream' },
      body: piece
    })
  } catch {
    noteReach(false)
    throw new ApiError(0, { code: 'E1110', title: 'unreachable' })
  }
  noteReach(true)
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer as T
  if (response.status === 401) signedOut()
  throw new ApiError(response.status, problemOf(answer, response.status))
}

/** A file as it is, or null while there is none. */
export async function fileOf(path: string): Promise<Blob | null> {
  const response = await fetch(`/api/v1${path}`).catch(() => undefined)
  if (!response) {
    noteReach(false)
    throw new ApiError(0, { code: 'E1110', title: 'unreachable' })
  }
  noteReach(true)
  if (response.status === 204) return null
  if (response.ok) return response.blob()
  if (response.status === 401) signedOut()
  throw new ApiError(response.status, problemOf(await response.json().catch(() => undefined), response.status))
}

export const get = <T>(path: string) => call<T>('GET', path)
/** A question that has more to say than an address holds. */
export const ask = <T>(path: string, question: unknown) => call<T>('POST', path, question, {}, true)
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, body ?? {})
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, body)
export const remove = <T>(path: string) => call<T>('DELETE', path)

export interface Bytes {
  fromDevice: number
  toDevice: number
}

export interface Device {
  guid: string
  name: string
  hostname: string | null
  friendlyName: string | null
  fqdn: string | null
  tags: string[]
  labels: Record<string, string>
  connectionStatus: boolean
  blocked: boolean
  address: string | null
  ports: number[]
  amtUser: string | null
  hasAmtPassword: boolean
  mpsusername: string | null
  deviceInfo: Record<string, unknown> | null
  lastConnected: string | null
  lastSeen: string | null
  lastDisconnected: string | null
  tunnel: { id: number; since: string; trigger: number; tls: string | null; channels: number; bytes: Bytes } | null
  /** What to know before working with it. */
  notices: string[]
  /** Where the two machines were that use its UUID. */
  conflict?: string[]
  lastEnd: { reason: string; detail: string; byDevice: boolean } | null
}

export interface Certificate {
  listener: string
  subject: string
  names: string[]
  notBefore: string | null
  sha256: string
  pem: string
  notAfter: string | null
  keyBits: number
  signature: string
}

export interface Status {
  version: string
  started: string
  now: string
  counts: { devices: number; connected: number; blocked: number; unclaimed: number; channels: number; bytes: Bytes }
  addresses: { cira: string[]; web: string; socks: string | null; httpProxy: string | null; metrics: string | null }
  certificates: Certificate[]
  attention: { code: string; detail: string; next: string }[]
}

export interface WhyOffline {
  summary: string
  checks: { seen: string; about: string; text: string; said?: Said[] }[]
  likely: string
  next: string[]
  said?: Said
  cause?: Said
}

export interface Unclaimed {
  guid: string
  address: string
  first: string
  last: string
  count: number
  mpsusername: string | null
  ignored: boolean
}

export interface FailedAttempt {
  address: string
  stage: string
  guid: string | null
  name: string | null
  reason: string
  tlsAlert: number | null
  offered: string | null
  first: string
  last: string
  count: number
  likely: string
  next: string[]
  code?: string
  cause?: Said | null
}

export interface Token {
  name: string
  scope: string
  labels?: Record<string, string>
  created: string
  expires: string | null
  lastUsed: string | null
}

export interface MediaImage {
  id: string
  name: string
  size: number
  offset: number
  complete: boolean
  sha256: string | null
  user: string
  created: string
  mounts: number
}

export interface Mount {
  id: number
  guid: string
  name: string | null
  media: string
  mediaName: string
  user: string
  since: string
  state: 'offered' | 'reading' | 'ended'
  size: number
  bytesRead: number
  blocks: number
  lastBlock: number | null
  /** Of a message to the PC; none before the first. */
  roundTripMicroseconds: number | null
  blocksPerSecond: number
  secondsLeft: number | null
  /** It has a boot record: a PC starts from no other. */
  bootable: boolean
  ended: string | null
  code: string | null
  reason: string | null
}

export interface Tunnel {
  id: number
  guid: string
  address: string
  since: string
  trigger: number
  triggerReason: string
  tls: string | null
  ports: number[]
  keepalive: { intervalSeconds: number; waitSeconds: number } | null
  channels: number
  bytes: Bytes
}
