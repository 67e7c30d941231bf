// Loading data and keeping it fresh.

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { ApiError, session } from './api'

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

export function useToken(): string | null {
  return useSyncExternalStore(session.watch, () => session.token)
}

export interface Happening {
  id?: number | string
  type?: string
  time?: string
  guid?: string
  device?: string
  name?: string
  message?: string
  [key: string]: unknown
}

const subscribers = new Set<(event: Happening | null) => void>()
let recent: Happening[] = []
let stream: AbortController | null = null

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

/** One event stream for the whole page; `EventSource` cannot carry the token, so it is read by `fetch`. */
export function startEvents(): () => void {
  stream?.abort()
  const mine = new AbortController()
  stream = mine
  void (async () => {
    let cursor = ''
    let pause = 1000
    while (!mine.signal.aborted && session.token) {
      try {
        const response = await fetch('/api/v1/events', {
          headers: {
            Authorization: `Bearer ${session.token}`,
            Accept: 'text/event-stream',
            ...(cursor ? { 'Last-Event-ID': cursor } : {})
          },
          signal: mine.signal
        })
        if (response.ok && response.body) {
          pause = 1000
          cursor = (await readStream(response.body)) || cursor
        } else if (response.status === 401) {
          session.set(null)
          return
        }
      } catch {
        if (mine.signal.aborted) return
      }
      await new Promise((done) => setTimeout(done, pause))
      pause = Math.min(pause * 2, 30_000)
    }
  })()
  return () => mine.abort()
}

async function readStream(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let last = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return last
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) last = take(block) || last
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
