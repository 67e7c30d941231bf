// Door A: PCs of the local network are told by WS-Man to dial in.

import { useState, type FormEvent } from 'react'
import { get, post, type Status } from '../../api'
import { t } from '../../i18n'
import { Failure, Shells, useAction, useFilled, useQuery, type Filled } from '../../parts'
import { useLoad } from '../../state'
import { asked, commandOf, USUAL, type Enrollment, type NewEnrollment } from './enrollment'

const TRIGGERS = [USUAL, 'user,periodic=60s,alert', 'user,alert', 'user'] as const

const wordsOf = (text: string) => text.split(/[\s,;]+/).filter(Boolean)

/** What is asked for by a form that is filled in like this. */
function wishOf(addresses: string[], password: string, { text, ticked }: Pick<Filled, 'text' | 'ticked'>): NewEnrollment {
  const mps = wordsOf(text('mps'))
  const name = addresses.length === 1 ? text('name') : ''
  return {
    devices: addresses.map((address) => ({ address, ...(name ? { name } : {}) })),
    amtUser: text('user', 'admin') || 'admin',
    amtPassword: password,
    ...(mps.length ? { mps } : {}),
    triggers: text('triggers', TRIGGERS[0]),
    certificate: ticked('trust') ? 'first' : 'known',
    dryRun: ticked('dry')
  }
}

export function Lan() {
  const [, change] = useQuery()
  const status = useLoad(() => get<Status>('/status'), [])
  const action = useAction()
  const [addresses, setAddresses] = useState('')
  const list = wordsOf(addresses)
  const filled = useFilled()
  const shown = wishOf(list.length ? list : ['ADDRESS'], 'PASSWORD', filled)
  const name = status.data?.certificates.find((c) => c.listener === 'cira')?.names[0]
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const wish = wishOf(list, String(data.get('password')), {
      text: (key) => String(data.get(key) ?? '').trim(),
      ticked: (key) => data.has(key)
    })
    await action.run(async () => {
      const job = await post<Enrollment>('/enroll', wish)
      asked.set(job.id, wish)
      change({ job: String(job.id) })
    })
  }
  return (
    <section>
      <h2>{t('add.lan')}</h2>
      <p className="muted">{t('add.lan.text')}</p>
      <form className="wide-form" {...filled.watch} onSubmit={(event) => void submit(event)}>
        <label>{t('add.addresses')}
          <textarea name="addresses" rows={2} required value={addresses} onChange={(e) => setAddresses(e.target.value)} placeholder="192.168.1.42" autoFocus />
          <small className="muted">{t('add.addressesHint')}</small>
        </label>
        {list.length <= 1 && <label>{t('devices.name')}<input name="name" autoComplete="off" placeholder={t('add.nameHint')} /></label>}
        <label>{t('add.amtUser')}<input name="user" defaultValue="admin" autoComplete="off" required /></label>
        <label>{t('add.amtPassword')}<input name="password" type="password" autoComplete="off" required /></label>
        <details>
          <summary>{t('add.more')}</summary>
          <label>{t('add.mps')}
            <input name="mps" autoComplete="off" placeholder={name ?? ''} />
            <small className="muted">{t('add.mpsHint', { name: name ?? '–' })}</small>
          </label>
          <label>{t('add.triggers')}
            <select name="triggers" defaultValue={TRIGGERS[0]}>
              {TRIGGERS.map((value) => <option key={value} value={value}>{t(`add.triggers.${value}`)}</option>)}
            </select>
          </label>
          <label className="check"><input type="checkbox" name="trust" /> {t('add.trust')}</label>
          <label className="check"><input type="checkbox" name="dry" /> {t('add.dry')}</label>
        </details>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy || list.length === 0}>{list.length > 1 ? t('add.goMany', { n: list.length }) : t('add.go')}</button>
          <Shells cli={commandOf(shown)} method="POST" path="/enroll" body={shown} />
        </p>
      </form>
    </section>
  )
}
