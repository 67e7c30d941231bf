// Who is signed in. The right itself is in a cookie that no script can read; here is only what the server says of it.

import { useEffect, useState, useSyncExternalStore } from 'react'
import { call, get, onSignedOut, post, remove } from './api'

export interface Me {
  name: string
  role: string
  scope: string
  tenantId: string
  labels?: Record<string, string>
}

interface Role {
  name: string
  actions: string[]
}

/** `undefined` while it is not known yet; `null` for nobody. */
let me: Me | null | undefined
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

/** Asks who is signed in. A server that is away is asked again until it says. */
export async function recognise(): Promise<void> {
  for (let pause = 500; me === undefined; pause = Math.min(pause * 2, 5_000)) {
    try {
      const { signedIn } = await get<{ signedIn: boolean }>('/session')
      set(signedIn ? await get<Me>('/whoami') : null)
    } catch {
      await new Promise((done) => setTimeout(done, pause))
    }
  }
}

export async function signIn(username: string, password: string, code?: string): Promise<void> {
  await post('/session', code ? { username, password, code } : { username, password })
  expired = false
  set(await get<Me>('/whoami'))
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

/** Of each role, once: many parts of a page ask. */
const known = new Map<string, Promise<string[] | undefined>>()

function actionsOf(role: string): Promise<string[] | undefined> {
  const asked = known.get(role) ?? get<Role[]>('/roles').then((roles) => roles.find((one) => one.name === role)?.actions)
  known.set(role, asked)
  asked.catch(() => known.delete(role))
  return asked
}

/** What the role may do. A token's scope is no role, so for it everything is tried; the server decides anyway. */
export function useMay(): (action: string | undefined) => boolean {
  const [actions, setActions] = useState<string[]>()
  const role = useMe()?.role
  useEffect(() => {
    setActions(undefined)
    if (!role) return undefined
    let here = true
    actionsOf(role).then((actions) => { if (here) setActions(actions) }, () => {})
    return () => { here = false }
  }, [role])
  return (action) => action === undefined || actions === undefined || actions.includes(action)
}

/** Whether somebody sees all of the server, and not a tenant's or a label's part of it. */
export const seesAll = (of: Me | null | undefined) => of?.tenantId === '' && Object.keys(of.labels ?? {}).length === 0

export const sessionExpired = () => expired

export function useMe(): Me | null | undefined {
  return useSyncExternalStore((tell) => (listeners.add(tell), () => void listeners.delete(tell)), () => me)
}
