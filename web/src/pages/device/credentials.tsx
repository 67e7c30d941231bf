// The AMT password that the server keeps for a device: missing or refused ones are said at once, with the way to mend it.

import { useState, type FormEvent } from 'react'
import { get, patch, type Device } from '../../api'
import { t } from '../../i18n'
import { Allowed, Dialog, Failure, quoted, Shells, useAction, useFilled } from '../../parts'

/** Over the page of a device that cannot be managed for want of the right password. */
export function Credentials({ device: d, reload }: { device: Device; reload: () => void }) {
  const [asking, setAsking] = useState(false)
  const missing = d.connectionStatus && !d.hasAmtPassword
  if (!missing && !d.notices.includes('credentials')) return null
  return (
    <div role="alert" className="failure">
      <p><strong>{t(missing ? 'credentials.missing' : 'credentials.refused')}</strong> <code>{missing ? 'E2011' : 'E2010'}</code></p>
      <p>{t(missing ? 'credentials.missingHint' : 'credentials.refusedHint')}</p>
      <Allowed needs="devices.change" why><button className="primary" onClick={() => setAsking(true)}>{t('credentials.store')}</button></Allowed>
      {asking && <Store device={d} close={() => { setAsking(false); reload() }} />}
    </div>
  )
}

export function Store({ device: d, close }: { device: Device; close: () => void }) {
  const action = useAction()
  const path = `/devices/${d.guid}`
  const name = d.name || d.guid
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const work = async () => {
      await patch(path, { amtUser: String(data.get('user')), amtPassword: String(data.get('password')) })
      // A claim of success needs proof: the PC is asked something at once.
      if (d.connectionStatus) await get(`/amt/power/state/${d.guid}`)
    }
    if (await action.run(work, t(d.connectionStatus ? 'credentials.works' : 'credentials.stored', { name }))) close()
  }
  const { watch, text } = useFilled()
  const user = text('user', d.amtUser ?? 'admin') || 'admin'
  return (
    <Dialog title={t('credentials.title', { name })} close={close}>
      <form {...watch} onSubmit={(event) => void submit(event)}>
        <label>{t('add.amtUser')}<input name="user" defaultValue={d.amtUser ?? 'admin'} required autoComplete="off" /></label>
        <label>{t('add.amtPassword')}<input name="password" type="password" required autoComplete="new-password" autoFocus /></label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('credentials.try')}</button>
          <button type="button" onClick={close}>{t('common.cancel')}</button>
          <Shells
            cli={`viaduct devices password ${quoted(name)} --amt-user ${quoted(user)} --amt-password-file -`}
            method="PATCH" path={path} body={{ amtUser: user, amtPassword: 'PASSWORD' }}
          />
        </p>
      </form>
    </Dialog>
  )
}
