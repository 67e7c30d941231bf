// Who is signed in. The right itself is in a cookie that no script can read; here is only what the server says of it.

import { useSyncExternalStore } from 'react'
import { call, get, onSignedOut, post, remove } from './api'

export interface Me {
  name: string
  role: string
  scope: string
  tenantId: string
  labels?: Record<string, string>
}

/** `undefined` while it is not known yet; `null` for nobody. */
let me: Me | null | undefined
/** What they may do, as the server judges it. */
let rights: ReadonlySet<string> = new Set()
/** Whether the session ended by itself. */
let expired = false
const listeners = new Set<() => void>()

function set(next: Me | null | undefined) {
  me = next
  listeners.forEach((tell) => tell())
}

onSignedOut(() => {
  if (!me) return
  expired = true
  set(null)
})

/** Who it is and what they may do are known together, so that no page offers or asks for more in between. */
async function known(): Promise<Me> {
  const [who, { actions }] = await Promise.all([
    get<Me>('/whoami'), get<{ actions: { action: string; allowed: boolean }[] }>('/permissions')
  ])
  rights = new Set(actions.filter(({ allowed }) => allowed).map(({ action }) => action))
  return who
}

/** Asks who is signed in. A server that is away is asked again until it says. */
export async function recognise(): Promise<void> {
  for (let pause = 500; me === undefined; pause = Math.min(pause * 2, 5_000)) {
    try {
      const { signedIn } = await get<{ signedIn: boolean }>('/session')
      set(signedIn ? await known() : null)
    } catch {
      await new Promise((done) => setTimeout(done, pause))
    }
  }
}

export async function signIn(username: string, password: string, code?: string): Promise<void> {
  await post('/session', code ? { username, password, code } : { username, password })
  expired = false
  set(await known())
}

export async function signOut(): Promise<void> {
  try {
    await remove('/session')
  } finally {
    expired = false
    set(null)
  }
}

export async function changePassword(old: string, password: string): Promise<void> {
  await call('POST', '/whoami/password', { password: old, new: password })
}

/** Whether whoever is signed in has a right, as the server calls it. */
export function useMay(): (action: string | undefined) => boolean {
  useMe()
  return may
}

export const may = (action: string | undefined): boolean => action === undefined || rights.has(action)

/** Whether somebody sees all of the server, and not a tenant's or a label's part of it. */
export const seesAll = (of: Me | null | undefined) => of?.tenantId === '' && Object.keys(of.labels ?? {}).length === 0

export const sessionExpired = () => expired

export function useMe(): Me | null | undefined {
  return useSyncExternalStore((tell) => (listeners.add(tell), () => void listeners.delete(tell)), () => me)
}
