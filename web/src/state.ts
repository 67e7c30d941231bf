// Loading data and keeping it fresh.

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { ApiError, onReach, UNREADABLE } from './api'
import { startStream } from './stream'

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
        setError(reason instanceof ApiError ? reason : new ApiError(UNREADABLE, {}))
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
let stop: () => void = () => {}

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

/** Follows what happens on the server, until the result is called. */
export function startEvents(): () => void {
  stop()
  stop = startStream(take)
  return stop
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
