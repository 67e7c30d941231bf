// Where saved views are: at the server, for each user. Who is signed in without being a user, with a token say, keeps
// them in this browser; so did everybody once, and what is left of that is taken over.

import { useCallback, useEffect, useState } from 'react'
import { ApiError, call, get, remove } from '../../api'
import { useMe } from '../../session'

export interface View {
  name: string
  query: string
}

export interface Shelf {
  views: View[]
  /** They are in this browser only. */
  here: boolean
  save: (view: View) => Promise<void>
  forget: (view: View) => Promise<void>
}

export const pathOf = (name: string) => `/me/views/${encodeURIComponent(name)}`

const byName = (views: View[]) => [...views].sort((a, b) => a.name.localeCompare(b.name))

function read(key: string): View[] {
  try {
    return viewsIn(JSON.parse(localStorage.getItem(key) ?? '[]'))
  } catch {
    return []
  }
}

/** Those that are views; anything may have been kept, or answered. */
const viewsIn = (all: unknown): View[] =>
  Array.isArray(all) ? all.filter((one): one is View => typeof one?.name === 'string' && typeof one?.query === 'string') : []

const put = ({ name, query }: View) => call<void>('PUT', pathOf(name), { query })

/** What this browser kept goes to the server, once; there a view of the same name stays. */
async function takeOver(key: string, known: View[]): Promise<View[]> {
  const own = read(key).filter((one) => !known.some(({ name }) => name === one.name))
  for (const one of own) await put(one)
  localStorage.removeItem(key)
  return [...known, ...own]
}

export function useShelf(): Shelf {
  const name = useMe()?.name ?? ''
  const key = `viaduct.views.${name}`
  const [views, setViews] = useState<View[]>([])
  const [here, setHere] = useState(false)
  const load = useCallback(async () => {
    let known: View[]
    try {
      known = viewsIn(await get<unknown>('/me/views'))
    } catch (error) {
      // The server's word for "you are no user".
      if (!(error instanceof ApiError) || error.status !== 400) return
      setHere(true)
      setViews(byName(read(key)))
      return
    }
    setHere(false)
    setViews(byName(known))
    // What the server does not take stays here for the next time.
    await takeOver(key, known).then((all) => setViews(byName(all)), () => {})
  }, [key])
  useEffect(() => void load(), [load])
  const keepHere = (next: View[]) => {
    localStorage.setItem(key, JSON.stringify(next))
    setViews(byName(next))
  }
  const others = (view: View) => views.filter((one) => one.name !== view.name)
  return {
    views,
    here,
    save: async (view) => {
      if (here) return keepHere([...others(view), view])
      await put(view)
      setViews(byName([...others(view), view]))
    },
    forget: async (view) => {
      if (here) return keepHere(others(view))
      await remove(pathOf(view.name))
      setViews(others(view))
    }
  }
}
