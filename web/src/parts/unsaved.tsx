// What is shown only once and was not saved yet stands on every page.

import { t } from '../i18n'
import { dropMade, saveMade, useMade } from '../made'
import { useMe } from '../session'

export function Unsaved() {
  const made = useMade(useMe()?.name)
  if (!made) return null
  return (
    <section className="notice" aria-label={t('import.unsaved')}>
      <p>{t('import.made', { n: made.list.filter((one) => one.password).length })} {t('import.leave')}</p>
      <p className="actions">
        <button className="primary" onClick={() => saveMade(made)}>{t('import.save')}</button>
        <button onClick={dropMade}>{t('import.saved')}</button>
      </p>
    </section>
  )
}
