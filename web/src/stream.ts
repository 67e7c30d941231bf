// The server's event stream: one for all tabs of this browser. Over HTTP/1.1 a browser opens six connections to a server, so
// with a stream for each tab the seventh would wait for ever. The tab in sight has it, and tells the others.

import { get, noteReach } from './api'

/** Of the lock that the tab with the stream holds, and of the channel to the others. */
const NAME = 'viaduct.events'
/** The server says something at least so often (a comment, when nothing happens). */
const SILENCE = 40_000
/** Longest pause between two attempts to reach a server that is away. */
const PAUSE = 4_000

type Word = { block: string } | { reachable: boolean }

/** Calls `take`, which answers the event's number, with each event as the server wrote it, until the result is called. */
export function startStream(take: (block: string) => string): () => void {
  const over = new AbortController()
  const others = new BroadcastChannel(NAME)
  let cursor = ''
  const hear = (word: Word) => {
    if ('block' in word) cursor = take(word.block) || cursor
    else noteReach(word.reachable)
  }
  const tell = (word: Word) => {
    if (over.signal.aborted) return
    others.postMessage(word)
    hear(word)
  }
  others.onmessage = ({ data }: MessageEvent<Word>) => hear(data)
  void inTurn(over.signal, (signal) => follow(signal, () => cursor, tell))
  return () => {
    over.abort()
    others.close()
  }
}

/** Does `work` while no other tab does. The one that comes into sight takes it: a phone halts those that are out of it. */
async function inTurn(over: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  // Only pages that came encrypted, or from this machine, know of other tabs.
  if (!('locks' in navigator)) return work(over)
  let turn = new AbortController()
  let mine = false
  let take = document.visibilityState === 'visible'
  const look = () => {
    if (mine || document.visibilityState !== 'visible') return
    take = true
    turn.abort()
  }
  document.addEventListener('visibilitychange', look)
  over.addEventListener('abort', () => {
    document.removeEventListener('visibilitychange', look)
    turn.abort()
  })
  while (!over.aborted) {
    const { signal } = (turn = new AbortController())
    const how: LockOptions = take ? { steal: true } : { signal }
    take = false
    try {
      return await navigator.locks.request(NAME, how, () => {
        mine = true
        return work(signal)
      })
    } catch (reason) {
      // Another tab took it, or this one asks anew; anything else would go on for ever.
      if (!(reason instanceof DOMException && reason.name === 'AbortError')) return work(over)
      mine = false
      turn.abort()
    }
  }
}

/** Reads the stream, again and again, until told to stop or not let in. */
async function follow(over: AbortSignal, cursor: () => string, tell: (word: Word) => void): Promise<void> {
  let pause = 500
  while (!over.aborted) {
    const end = await once(over, cursor(), (word) => {
      pause = 500
      tell(word)
    })
    if (over.aborted || end === 'forbidden') return
    if (end === 'halted') continue
    if (end === 'lost') tell({ reachable: false })
    await new Promise((done) => setTimeout(done, pause))
    pause = Math.min(pause * 2, PAUSE)
  }
}

/** Reads until the stream ends, with its own end of patience, which `EventSource` has not. */
async function once(over: AbortSignal, cursor: string, tell: (word: Word) => void): Promise<'lost' | 'halted' | 'forbidden' | 'refused'> {
  const own = new AbortController()
  const stop = () => own.abort()
  over.addEventListener('abort', stop)
  // A browser that halts a page lets its streams die, and the page does not learn of it.
  let halted = false
  const resume = () => {
    halted = true
    stop()
  }
  document.addEventListener('resume', resume)
  let watchdog = setTimeout(stop, SILENCE)
  try {
    const response = await fetch('/api/v1/events', {
      headers: { Accept: 'text/event-stream', ...(cursor ? { 'Last-Event-ID': cursor } : {}) },
      signal: own.signal
    })
    // Says who is signed in, and thereby that nobody is.
    if (response.status === 401) await get('/whoami').catch(() => undefined)
    // Who may not see events sees the pages without them.
    if (response.status === 403) return 'forbidden'
    if (!response.ok || !response.body) return 'refused'
    tell({ reachable: true })
    await read(response.body.pipeThrough(new TextDecoderStream()).getReader(), tell, () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(stop, SILENCE)
    })
    return 'lost'
  } catch {
    return halted ? 'halted' : 'lost'
  } finally {
    document.removeEventListener('resume', resume)
    clearTimeout(watchdog)
    over.removeEventListener('abort', stop)
  }
}

async function read(reader: ReadableStreamDefaultReader<string>, tell: (word: Word) => void, alive: () => void) {
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    alive()
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    blocks.forEach((block) => tell({ block }))
  }
}
