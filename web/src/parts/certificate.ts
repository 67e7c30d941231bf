// Where a certificate is shown, and what key it has, in words.

import { isKey, t } from '../i18n'
import type { Certificate } from '../api'

/** Keys of elliptic curves are far shorter than RSA keys of the same strength. */
const LONGEST_CURVE = 521

export const keyName = ({ keyBits: n }: Pick<Certificate, 'keyBits'>) => (n <= LONGEST_CURVE ? `ECDSA ${n}` : `RSA ${n}`)

export function listenerName(listener: string): string {
  const key = `certificates.at.${listener}`
  return isKey(key) ? t(key) : listener
}
