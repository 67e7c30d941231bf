// The frame of the pages for those who are not signed in.

import type { ReactNode } from 'react'
import { t } from '../i18n'
import { LanguageChoice } from '../parts/language'
import { ThemeChoice } from '../parts/theme'

export function Outside({ children }: { children: ReactNode }) {
  return (
    <main className="outside">
      <p className="brand"><img src="/icon.svg" alt="" width="32" height="32" /> {t('app.name')}</p>
      {children}
      <footer><ThemeChoice /><LanguageChoice /></footer>
    </main>
  )
}
