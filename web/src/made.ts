// Credentials that the server made for a list of PCs and shows only once. They belong to no part of the page, so that they
// are still there after somebody looked elsewhere, until that person says that they are saved.

import { useSyncExternalStore } from 'react'
import { download } from './parts/download'

export interface Credential {
  name: string
  guid: string
  user: string
  password: string
}

export interface Made {
  /** Whose they are: nobody else who signs in here sees them. */
  owner: string
  list: Credential[]
}

let state: Made | undefined
const listeners = new Set<() => void>()

function set(next: Made | undefined) {
  state = next
  if (next) addEventListener('beforeunload', guard)
  else removeEventListener('beforeunload', guard)
  listeners.forEach((tell) => tell())
}

/** Leaving for good would lose them. */
function guard(event: BeforeUnloadEvent) {
  event.preventDefault()
}

/** Those of this person that are not saved yet. */
export function useMade(me: string | undefined): Made | undefined {
  const made = useSyncExternalStore((tell) => (listeners.add(tell), () => void listeners.delete(tell)), () => state)
  return made && made.owner === me ? made : undefined
}

/** Keeps those of a list that grows while it is added, besides what an earlier list left. */
export function keepMade(owner: string, list: Credential[]) {
  const others = state?.owner === owner ? state.list.filter((old) => !list.some((one) => one.guid === old.guid)) : []
  const all = [...others, ...list]
  if (all.some((one) => one.password)) set({ owner, list: all })
}

/** Writes the file. They stay until somebody says that it is there. */
export function saveMade(made: Made) {
  // As the command line prints it.
  const lines = made.list.map((one) => [one.name, one.guid, one.user, one.password])
  download('viaduct-credentials.csv', csvAsIs([['name', 'guid', 'cira_user', 'cira_password'], ...lines]), 'text/csv')
}

/** They are saved, says who made them. */
export const dropMade = () => set(undefined)

/** A password must come out as it went in, so nothing is put before it here; none of these fields is somebody else's text. */
function csvAsIs(rows: string[][]): string {
  const field = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return rows.map((row) => row.map(field).join(',')).join('\r\n') + '\r\n'
}
