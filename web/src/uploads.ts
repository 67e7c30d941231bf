// The upload that this page makes. It belongs to no part of the page, so that it goes on while somebody looks elsewhere;
// after a lost connection it goes on by itself, after a reload when the same file is chosen again.

import { useSyncExternalStore } from 'react'
import { append, ApiError, get, post, type MediaImage } from './api'
import { asApiError } from './parts/action'

/** Sent at once; so much is sent again when the connection breaks. */
const PIECE = 4 << 20
/** Pauses between attempts to go on, in milliseconds; the last one again and again. */
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000]
/** A connection that broke, and what says so; a disk that is full is none of these. */
const PASSING = [0, 408, 502, 503, 504]
/** The server makes the hash over all that came with the last piece; from this size on that takes a while. */
const HASHED = 256 << 20
/** The server's code for "it stands elsewhere, or somebody is sending". */
const ELSEWHERE = 'E2201'
/** The speed is that of so many last pieces. */
const REMEMBERED = 8

export interface UploadState {
  image: MediaImage
  /** Bytes per second; 0 while it is not known. */
  speed: number
  phase: 'sending' | 'waiting' | 'hashing'
}

export interface Uploads {
  now: UploadState | undefined
  error: ApiError | undefined
  /** Name of the last image that went in whole. */
  done: string | undefined
}

let state: Uploads = { now: undefined, error: undefined, done: undefined }
let stopped = false
const listeners = new Set<() => void>()

function set(change: Partial<Uploads>) {
  state = { ...state, ...change }
  listeners.forEach((tell) => tell())
}

export const useUploads = (): Uploads =>
  useSyncExternalStore((tell) => (listeners.add(tell), () => void listeners.delete(tell)), () => state)

export function pause() {
  stopped = true
}

/** Leaving the page would end it half way. */
function guard(event: BeforeUnloadEvent) {
  event.preventDefault()
}

/** A new upload, or the one of that name and size that has begun. */
export const begun = (file: File, sha256: string) => () =>
  post<MediaImage>('/media', { name: file.name, size: file.size, ...(sha256 && { sha256 }) })

/** Sends a file; true when all of it is in the library. */
export async function upload(file: File, begin: () => Promise<MediaImage>): Promise<boolean> {
  if (state.now) return false
  stopped = false
  set({ error: undefined, done: undefined })
  addEventListener('beforeunload', guard)
  try {
    const image = await send(file, await begin())
    if (image.complete) set({ done: image.name })
    return image.complete
  } catch (reason) {
    set({ error: asApiError(reason) })
    return false
  } finally {
    removeEventListener('beforeunload', guard)
    set({ now: undefined })
  }
}

async function send(file: File, first: MediaImage): Promise<MediaImage> {
  let image = first
  let tries = 0
  const marks: [number, number][] = []
  const speed = () => {
    const [from, to] = [marks[0], marks.at(-1)]
    return from && to && to[0] > from[0] ? ((to[1] - from[1]) / (to[0] - from[0])) * 1000 : 0
  }
  while (!image.complete && !stopped) {
    const last = image.offset + PIECE >= file.size
    marks.push([performance.now(), image.offset])
    if (marks.length > REMEMBERED) marks.shift()
    set({ now: { image, speed: speed(), phase: last && file.size >= HASHED ? 'hashing' : 'sending' } })
    try {
      image = await append<MediaImage>(`/media/${image.id}`, image.offset, file.slice(image.offset, image.offset + PIECE))
      tries = 0
    } catch (reason) {
      if (!(reason instanceof ApiError) || !(PASSING.includes(reason.status) || reason.problem.code === ELSEWHERE)) throw reason
      set({ now: { image, speed: 0, phase: 'waiting' } })
      await new Promise((after) => setTimeout(after, PAUSES[Math.min(tries++, PAUSES.length - 1)]))
      marks.length = 0
      // Where it stands is for the server to say.
      image = await get<MediaImage>(`/media/${image.id}`).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) throw error
        return image
      })
    }
  }
  return image
}
