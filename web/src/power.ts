// Power actions: their numbers in AMT's interface, and how a shell says them.

import { useSyncExternalStore } from 'react'
import { ApiError, post, UNREADABLE } from './api'
import type { Key } from './i18n'

export interface PowerAction {
  key: Key
  cli: string
  /** Number of the action; from 100 on it is a boot option with its own route. */
  action: number
  /** Whether work on the PC may be lost. */
  harsh: boolean
  /** The right that it needs, as the server calls it. */
  needs: string
}

export const POWER: PowerAction[] = [
  { key: 'power.on', cli: 'power on', action: 2, harsh: false, needs: 'power.on' },
  { key: 'power.gracefulOff', cli: 'power graceful-off', action: 12, harsh: false, needs: 'power.off' },
  { key: 'power.gracefulReset', cli: 'power graceful-reset', action: 14, harsh: false, needs: 'power.reset' },
  { key: 'power.sleep', cli: 'power sleep', action: 4, harsh: false, needs: 'power.sleep' },
  { key: 'power.hibernate', cli: 'power hibernate', action: 7, harsh: false, needs: 'power.sleep' },
  { key: 'power.reset', cli: 'power reset', action: 10, harsh: true, needs: 'power.reset' },
  { key: 'power.cycle', cli: 'power cycle', action: 5, harsh: true, needs: 'power.reset' },
  { key: 'power.off', cli: 'power off', action: 8, harsh: true, needs: 'power.off' },
  { key: 'power.nmi', cli: 'power nmi', action: 11, harsh: true, needs: 'power.reset' },
  { key: 'power.bios', cli: 'boot bios', action: 101, harsh: true, needs: 'boot' },
  { key: 'power.pxe', cli: 'boot pxe', action: 400, harsh: true, needs: 'boot' },
  { key: 'power.disk', cli: 'boot disk', action: 402, harsh: true, needs: 'boot' }
]

export function powerCall({ action }: Pick<PowerAction, 'action'>, guid: string): { path: string; body: unknown } {
  return action < 100
    ? { path: `/amt/power/action/${guid}`, body: { action } }
    : { path: `/amt/power/bootOptions/${guid}`, body: { action, useSOL: false } }
}

/** Off, asleep or hibernated: no picture, no key arrives. */
const DARK = [3, 4, 6, 7, 8, 13]
export const isDark = (state: number | undefined) => state !== undefined && DARK.includes(state)

const states = new Map<string, number>()
const watchers = new Set<() => void>()

/** What the page's power bar has learned, for the other parts of the page. */
export function notePower(guid: string, state: number) {
  if (states.get(guid) === state) return
  states.set(guid, state)
  watchers.forEach((tell) => tell())
}

export function usePowerState(guid: string): number | undefined {
  return useSyncExternalStore((tell) => (watchers.add(tell), () => void watchers.delete(tell)), () => states.get(guid))
}

interface Answer {
  Body?: { ReturnValue?: number; ReturnValueStr?: string }
}

/** Sends it once. An answer other than success is an error with AMT's own words. */
export async function sendPower(what: Pick<PowerAction, 'action'>, guid: string): Promise<void> {
  const { path, body } = powerCall(what, guid)
  const answer = await post<Answer>(path, body)
  const value = answer?.Body?.ReturnValue
  if (typeof value !== 'number') throw new ApiError(UNREADABLE, { unsure: true })
  if (value !== 0) throw new Error(answer.Body?.ReturnValueStr ?? `AMT: ${value}`)
}
