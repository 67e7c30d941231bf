// Doing something on the server: busy while it runs, its refusal kept, a word when it is done.

import { useState } from 'react'
import { ApiError, UNREADABLE } from '../api'
import { toast } from './toast'

export interface Action {
  busy: boolean
  error: ApiError | undefined
  /** Whether it went well. */
  run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>
  clear: () => void
}

/** A refusal as the server said it, or in words of this page; anything else comes of an answer that has another form than it should. */
export function asApiError(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason
  const own = reason instanceof Error && reason.constructor === Error
  return own ? new ApiError(502, { title: reason.message }) : new ApiError(UNREADABLE, {})
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<ApiError>()
  const run = async (work: () => Promise<unknown>, done?: string) => {
    setBusy(true)
    try {
      await work()
      setError(undefined)
      if (done) toast(done)
      return true
    } catch (reason) {
      setError(asApiError(reason))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, error, run, clear: () => setError(undefined) }
}
