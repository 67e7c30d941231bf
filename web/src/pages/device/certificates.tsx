// Certificates and keys that the device keeps.

import { get } from '../../api'
import { t } from '../../i18n'
import { Await, Empty } from '../../parts'
import { useLoad } from '../../state'
import { Value } from './answers'

type Part = Record<string, unknown> | unknown[] | undefined

const isEmpty = (part: Part) => !part || (Array.isArray(part) ? part.length === 0 : Object.values(part).every((one) => Array.isArray(one) && one.length === 0))

export function Certificates({ guid }: { guid: string }) {
  const answer = useLoad(() => get<Record<string, Part>>(`/amt/certificates/${guid}`), [guid])
  return (
    <Await of={answer}>
      {(parts) => Object.values(parts).every(isEmpty)
        ? <Empty title={t('certificates.empty')} />
        : (
          <div className="columns">
            {Object.entries(parts).filter(([, part]) => !isEmpty(part)).map(([name, part]) => (
              <section key={name}>
                <h2>{name.toLowerCase().includes('key') ? t('certificates.keys') : t('device.certificates')}</h2>
                <Value value={part} />
              </section>
            ))}
          </div>
        )}
    </Await>
  )
}
