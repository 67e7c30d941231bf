// Light, dark, high contrast, or what the system says.

import { useSyncExternalStore } from 'react'
import { t } from '../i18n'

const STORED = 'viaduct.theme'
const THEMES = ['auto', 'light', 'dark', 'contrast'] as const
type Theme = (typeof THEMES)[number]

const system = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((wish) => matchMedia(wish))
const listeners = new Set<() => void>()
let theme: Theme = stored()
apply(theme)
system.forEach((wish) => wish.addEventListener('change', () => listeners.forEach((tell) => tell())))

function stored(): Theme {
  const value = localStorage.getItem(STORED) as Theme | null
  return value && THEMES.includes(value) ? value : 'auto'
}

function apply(value: Theme) {
  theme = value
  document.documentElement.dataset['theme'] = value
  listeners.forEach((tell) => tell())
}

const watch = (tell: () => void) => (listeners.add(tell), () => void listeners.delete(tell))

/** Changes when the colours do; for what is drawn and not styled. */
export function useColours(): string {
  return useSyncExternalStore(watch, () => [theme, ...system.map((wish) => wish.matches)].join())
}

export function ThemeChoice() {
  const chosen = useSyncExternalStore(watch, () => theme)
  return (
    <select
      aria-label={t('theme')}
      value={chosen}
      onChange={(e) => {
        const value = e.target.value as Theme
        localStorage.setItem(STORED, value)
        apply(value)
      }}
    >
      {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
    </select>
  )
}
