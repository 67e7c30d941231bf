// Loading data and keeping it fresh.

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { ApiError, get, noteReach, onReach } from './api'

export interface Loaded<T> {
  data: T | undefined
  error: ApiError | undefined
  loading: boolean
  reload: () => void
}

/** Loads now, again every `every` milliseconds, and when something happened on the server. */
export function useLoad<T>(load: () => Promise<T>, deps: unknown[], every = 0): Loaded<T> {
  const [data, setData] = useState<T>()
  const [error, setError] = useState<ApiError>()
  const [loading, setLoading] = useState(true)
  const turn = useRef(0)
  // The caller names what `load` depends on.
  const run = useCallback(() => {
    const mine = ++turn.current
    load().then(
      (value) => {
        if (mine !== turn.current) return
        setData(value)
        setError(undefined)
        setLoading(false)
      },
      (reason: unknown) => {
        if (mine !== turn.current) return
        setError(reason instanceof ApiError ? reason : new ApiError(0, { title: String(reason) }))
        setLoading(false)
      }
    )
  }, deps)
  useEffect(() => {
    setLoading(true)
    run()
    const timer = every > 0 ? setInterval(run, every) : undefined
    const stop = onEvent(run)
    return () => {
      turn.current++
      clearInterval(timer)
      stop()
    }
  }, [run, every])
  return { data, error, loading, reload: run }
}

/** Since when the server has not answered, or null. */
let lostSince: number | null = null
const reachListeners = new Set<() => void>()

onReach((reachable) => {
  if (reachable === (lostSince === null)) return
  lostSince = reachable ? null : Date.now()
  reachListeners.forEach((tell) => tell())
  // What was missed meanwhile is loaded at once.
  if (reachable) subscribers.forEach((tell) => tell(null))
})

export function useLostSince(): number | null {
  return useSyncExternalStore((tell) => (reachListeners.add(tell), () => void reachListeners.delete(tell)), () => lostSince)
}

export interface Happening {
  id?: number | string
  type?: string
  time?: string
  text?: string
  guid?: string
  name?: string
  detail?: string
  [key: string]: unknown
}

const subscribers = new Set<(event: Happening | null) => void>()
let recent: Happening[] = []
let stream: AbortController | null = null

/** Calls `tell` with each event as it happens; null when the page has come back to a server that was away. */
export function onHappening(tell: (event: Happening | null) => void): () => void {
  subscribers.add(tell)
  return () => void subscribers.delete(tell)
}

/** Calls `tell` soon after something happened on the server; many events become one call. */
export function onEvent(tell: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const wake = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      tell()
    }, 400)
  }
  subscribers.add(wake)
  return () => {
    clearTimeout(timer)
    subscribers.delete(wake)
  }
}

export function useEvents(): Happening[] {
  return useSyncExternalStore(
    (tell) => {
      subscribers.add(tell)
      return () => void subscribers.delete(tell)
    },
    () => recent
  )
}

/** The server says something at least so often (a comment, when nothing happens). */
const SILENCE = 40_000
/** Longest pause between two attempts to reach a server that is away. */
const PAUSE = 4_000

/** One event stream for the whole page, with its own end of patience, which `EventSource` has not. */
export function startEvents(): () => void {
  stream?.abort()
  const mine = new AbortController()
  stream = mine
  void (async () => {
    let cursor = ''
    let pause = 500
    while (!mine.signal.aborted) {
      const lost = await follow(mine.signal, cursor, (id) => {
        cursor = id
        pause = 500
      })
      if (mine.signal.aborted) return
      if (lost) noteReach(false)
      await new Promise((done) => setTimeout(done, pause))
      pause = Math.min(pause * 2, PAUSE)
    }
  })()
  return () => mine.abort()
}

/** Reads until the stream ends; whether it did because the server is not there. */
async function follow(signal: AbortSignal, cursor: string, seen: (id: string) => void): Promise<boolean> {
  const own = new AbortController()
  const stop = () => own.abort()
  signal.addEventListener('abort', stop)
  let watchdog = setTimeout(stop, SILENCE)
  try {
    const response = await fetch('/api/v1/events', {
      headers: { Accept: 'text/event-stream', ...(cursor ? { 'Last-Event-ID': cursor } : {}) },
      signal: own.signal
    })
    if (response.status === 401) {
      // Says who is signed in, and thereby that nobody is.
      await get('/whoami').catch(() => undefined)
      return false
    }
    // Who may not see events sees the pages without them.
    if (response.status === 403) {
      stream?.abort()
      return false
    }
    if (!response.ok || !response.body) return false
    noteReach(true)
    seen(cursor)
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    await readStream(reader, seen, () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(stop, SILENCE)
    })
    return true
  } catch {
    return true
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)
  }
}

async function readStream(reader: ReadableStreamDefaultReader<string>, seen: (id: string) => void, alive: () => void) {
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    alive()
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const id = take(block)
      if (id) seen(id)
    }
  }
}

function take(block: string): string {
  const field = (name: string) =>
    block
      .split(/\r?\n/)
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trimStart())
      .join('\n')
  const data = field('data')
  if (!data) return ''
  try {
    const event = JSON.parse(data) as Happening
    recent = [{ type: field('event') || undefined, ...event }, ...recent].slice(0, 200)
    subscribers.forEach((tell) => tell(event))
  } catch {
    // A line that is no event is none.
  }
  return field('id')
}
