// Which words are shown, and how numbers and times are written.

import { useSyncExternalStore } from 'react'
import { de } from './de'
import { en, type Key } from './en'

export type { Key }

/** Whether there are words of this name; for names that come from the server. */
export const isKey = (name: string): name is Key => Object.hasOwn(en, name)

const LANGUAGES = { en, de } as const
export type Language = keyof typeof LANGUAGES
export const languages: Record<Language, string> = { en: 'English', de: 'Deutsch' }

const STORED = 'viaduct.language'
let spoken: Language = start()
const listeners = new Set<() => void>()

function start(): Language {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2)
  return wanted in LANGUAGES ? (wanted as Language) : 'en'
}

export const language = (): Language => spoken

/** The chosen language as the browser's user writes it, so that a date has the order of their country. */
export const locale = (): string => navigator.languages.find((one) => one.slice(0, 2) === spoken) ?? spoken

export function setLanguage(value: Language) {
  spoken = value
  localStorage.setItem(STORED, value)
  document.documentElement.lang = value
  listeners.forEach((tell) => tell())
}

document.documentElement.lang = spoken

export function useLanguage(): Language {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
    language
  )
}

/** Where nothing is known, such as a figure that an answer had not. */
export const UNKNOWN = '–'

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text: string = LANGUAGES[spoken][key]
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? UNKNOWN
    return Number.isNaN(value) ? UNKNOWN : String(value)
  })
}

export function when(text: string | null | undefined): string {
  if (!text) return t('common.never')
  const then = new Date(text)
  if (Number.isNaN(then.getTime())) return UNKNOWN
  const seconds = Math.round((then.getTime() - Date.now()) / 1000)
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' })
  const size = Math.abs(seconds)
  if (size < 60) return format.format(seconds, 'second')
  if (size < 3600) return format.format(Math.round(seconds / 60), 'minute')
  if (size < 86_400) return format.format(Math.round(seconds / 3600), 'hour')
  return inDays(Math.round(seconds / 86_400))
}

/** When something is that comes in so many days, or was so many days ago (below zero). */
export function inDays(days: number): string {
  if (!Number.isFinite(days)) return UNKNOWN
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' })
  const size = Math.abs(days)
  if (size < 90) return format.format(days, 'day')
  if (size < 730) return format.format(Math.round(days / 30.44), 'month')
  return format.format(Math.round(days / 365.25), 'year')
}

export function exactly(text: string | null | undefined): string {
  if (!text) return ''
  const then = new Date(text)
  if (Number.isNaN(then.getTime())) return ''
  return `${then.toLocaleString(locale())} (${then.toISOString().replace('T', ' ').slice(0, 19)} UTC)`
}

/** With a space between number and unit that no line breaks at. */
export function size(bytes: number): string {
  if (!Number.isFinite(bytes)) return UNKNOWN
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toLocaleString(locale(), { maximumFractionDigits: unit ? 1 : 0 })}\u00a0${units[unit]}`
}

/** A time that something takes, in its two largest units. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return UNKNOWN
  const units: [number, string][] = [[86_400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]
  const first = Math.max(units.findIndex(([length]) => seconds >= length), 0)
  const from = seconds < 1 ? units.length - 1 : first
  let rest = Math.round(seconds)
  return units.slice(from, from + 2).map(([length, unit]) => {
    const count = Math.floor(rest / length)
    rest -= count * length
    return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'short' }).format(count)
  }).join(' ')
}
