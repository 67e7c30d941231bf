// What somebody may not do is not on offer to them.

import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { t } from '../i18n'
import { useMay } from '../session'

interface Props {
  /** The right, as the server calls it. */
  needs: string
  /** Whether the page says that something is missing: where it would be useless, or a riddle, without. */
  why?: boolean
  children: ReactNode
}

export function Allowed({ needs, why = false, children }: Props) {
  if (useMay()(needs)) return children
  return why && <span>{t('error.403')} <Link href={`/permissions?right=${encodeURIComponent(needs)}`}>{t('permissions.whyNot')}</Link></span>
}
