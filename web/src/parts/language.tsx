// Which language the dashboard speaks.

import { languages, setLanguage, t, useLanguage, type Language } from '../i18n'

export function LanguageChoice() {
  const language = useLanguage()
  return (
    <select aria-label={t('language')} value={language} onChange={(e) => setLanguage(e.target.value as Language)}>
      {Object.entries(languages).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
    </select>
  )
}
