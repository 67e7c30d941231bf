// Name and labels of one device, letting it in or not, and forgetting it.

import { useState, type FormEvent } from 'react'
import { patch, post, remove, type Device } from '../../api'
import { t } from '../../i18n'
import { Allowed, Dialog, Failure, quoted, Shells, useAction, useFilled } from '../../parts'
import { labelsOf, labelText, labelWords } from '../../parts/labels'

/** What to set and what to take away (null) so that `before` becomes `after`. */
export function labelChange(before: Record<string, string>, after: Record<string, string>): Record<string, string | null> {
  const gone = Object.keys(before).filter((key) => !(key in after)).map((key) => [key, null] as const)
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value)
  return Object.fromEntries([...gone, ...set])
}

interface Change {
  name?: string
  labels?: Record<string, string | null>
}

/** What is changed by these texts of the form. */
function changeOf(device: Device, name: string, text: string): Change {
  const labels = labelChange(device.labels, labelsOf(text))
  return { ...(name !== device.name ? { name } : {}), ...(Object.keys(labels).length ? { labels } : {}) }
}

/** The same as commands; each for a thing that is changed. */
function commandsOf(device: string, { name, labels }: Change): string {
  const all = [labels && `viaduct devices label ${device} ${labelWords(labels)}`, name && `viaduct devices rename ${device} ${quoted(name)}`]
  return all.filter(Boolean).join('\n')
}

const EXAMPLE: Change = { labels: { KEY: 'VALUE' } }

export function Edit({ device, close }: { device: Device; close: () => void }) {
  const action = useAction()
  const [sure, setSure] = useState(false)
  const name = device.name || device.guid
  const path = `/devices/${device.guid}`
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const wanted = String(data.get('name')).trim()
    const body = changeOf(device, wanted, String(data.get('labels')))
    if (Object.keys(body).length === 0) return close()
    if (await action.run(() => patch(path, body), t('devices.saved', { name: wanted }))) close()
  }
  const act = async (work: () => Promise<unknown>, done: string) => {
    if (await action.run(work, done)) close()
  }
  const password = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const body = { amtUser: String(data.get('amtUser')).trim() || 'admin', amtPassword: String(data.get('amtPassword')) }
    await act(() => patch(path, body), t('devices.passwordSet', { name }))
  }
  const [first, second] = [useFilled(), useFilled()]
  const amtUser = device.amtUser ?? 'admin'
  const change = changeOf(device, first.text('name', device.name) || device.name, first.text('labels', labelText(device.labels)))
  const shown = Object.keys(change).length ? change : EXAMPLE
  const verb = device.blocked ? 'approve' : 'block'
  return (
    <Dialog title={name} close={close}>
      {action.error && <Failure error={action.error} />}
      <form {...first.watch} onSubmit={(event) => void submit(event)}>
        <label>{t('devices.name')}<input name="name" defaultValue={device.name} required autoComplete="off" /></label>
        <label>{t('devices.labels')}
          <input name="labels" defaultValue={labelText(device.labels)} placeholder="site=berlin role=till" autoComplete="off" />
          <small className="muted">{t('devices.labelsHint')}</small>
        </label>
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('common.save')}</button>
          <Shells cli={commandsOf(quoted(name), shown)} method="PATCH" path={path} body={shown} />
        </p>
      </form>
      <form {...second.watch} onSubmit={(event) => void password(event)}>
        <label>{t('devices.amtUser')}<input name="amtUser" defaultValue={amtUser} autoComplete="off" /></label>
        <label>{t('devices.amtPassword')}
          <input name="amtPassword" type="password" required autoComplete="new-password" />
          <small className="muted">{t('devices.amtPasswordHint')}</small>
        </label>
        <p className="actions">
          <button disabled={action.busy}>{t('devices.setPassword')}</button>
          <Shells
            cli={`viaduct devices password ${quoted(name)} --amt-user ${quoted(second.text('amtUser', amtUser) || 'admin')} --amt-password-file -`}
            method="PATCH" path={path} body={{ amtUser: second.text('amtUser', amtUser) || 'admin', amtPassword: 'AMT-PASSWORD' }}
          />
        </p>
      </form>
      <p className="actions">
        <button disabled={action.busy} onClick={() => void act(() => post(`${path}/${verb}`), t(`devices.done.${verb}`, { name }))}>
          {t(`unclaimed.${verb}`)}
        </button>
        <Shells cli={`viaduct devices ${verb} ${quoted(name)}`} method="POST" path={`${path}/${verb}`} />
      </p>
      <p className="actions">
        <Allowed needs="devices.remove">
          {sure
            ? <button className="danger" disabled={action.busy} onClick={() => void act(() => remove(path), t('devices.done.remove', { name }))}>{t('devices.sure')}</button>
            : <button className="danger" onClick={() => setSure(true)}>{t('devices.remove')}</button>}
          <Shells cli={`viaduct devices rm ${quoted(name)}`} method="DELETE" path={path} />
        </Allowed>
        <button onClick={close}>{t('common.close')}</button>
      </p>
    </Dialog>
  )
}
