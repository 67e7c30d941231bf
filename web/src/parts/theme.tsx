// Light, dark, high contrast, or what the system says.

import { useState } from 'react'
import { t } from '../i18n'

const STORED = 'viaduct.theme'
const THEMES = ['auto', 'light', 'dark', 'contrast'] as const
type Theme = (typeof THEMES)[number]

function apply(theme: Theme) {
  document.documentElement.dataset['theme'] = theme
}

function stored(): Theme {
  const value = localStorage.getItem(STORED) as Theme | null
  return value && THEMES.includes(value) ? value : 'auto'
}

apply(stored())

export function ThemeChoice() {
  const [theme, setTheme] = useState(stored)
  return (
    <select
      aria-label={t('theme.auto')}
      value={theme}
      onChange={(e) => {
        const value = e.target.value as Theme
        localStorage.setItem(STORED, value)
        apply(value)
        setTheme(value)
      }}
    >
      {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
    </select>
  )
}
