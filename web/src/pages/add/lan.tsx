// Door A: PCs of the local network are told by WS-Man to dial in.

import { useState, type FormEvent } from 'react'
import { get, post, type Status } from '../../api'
import { t } from '../../i18n'
import { Failure, quoted, Shells, useAction, useQuery } from '../../parts'
import { useLoad } from '../../state'
import { asked, type Enrollment, type NewEnrollment } from './enrollment'

const TRIGGERS = ['user,periodic=25s,alert', 'user,periodic=60s,alert', 'user,alert', 'user'] as const

export function Lan() {
  const [, change] = useQuery()
  const status = useLoad(() => get<Status>('/status'), [])
  const action = useAction()
  const [addresses, setAddresses] = useState('')
  const list = addresses.split(/[\s,;]+/).filter(Boolean)
  const name = status.data?.certificates.find((c) => c.listener === 'cira')?.names[0]
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (key: string) => String(data.get(key) ?? '').trim()
    const mps = text('mps').split(/[\s,;]+/).filter(Boolean)
    const wish: NewEnrollment = {
      devices: list.map((address) => ({ address, ...(list.length === 1 && text('name') ? { name: text('name') } : {}) })),
      amtUser: text('user') || 'admin',
      amtPassword: String(data.get('password')),
      ...(mps.length ? { mps } : {}),
      triggers: text('triggers'),
      certificate: data.get('trust') ? 'first' : 'known',
      dryRun: data.get('dry') !== null
    }
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
      <form className="wide-form" onSubmit={(event) => void submit(event)}>
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
          <Shells
            cli={`viaduct enroll lan ${list.map(quoted).join(' ') || 'ADDRESS'} --amt-user admin --amt-password-file -`}
            method="POST" path="/enroll" body={{ devices: [{ address: list[0] ?? 'ADDRESS' }], amtPassword: 'PASSWORD' }}
          />
        </p>
      </form>
    </section>
  )
}
