// What everybody may change about themselves: password and second factor.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { call, get, post } from '../api'
import { t } from '../i18n'
import { wordOf } from '../i18n/happened'
import { Await, Copy, download, Empty, Facts, Failure, Heading, quoted, Shells, toast, useAction } from '../parts'
import { Qr } from '../parts/qr'
import { changePassword, may, useMe, type Me } from '../session'
import { useLoad } from '../state'

interface Self {
  name: string
  secondFactor: boolean
  provider: boolean
}

export default function Account() {
  const me = useMe()
  if (!me) return null
  return (
    <>
      <Heading title={t('nav.account')} />
      <Facts rows={[[t('login.user'), me.name], [t('people.role'), wordOf('role', me.role)], ...labels(me)]} />
      <p><Link href="/permissions">{t('account.permissions')}</Link></p>
      {me.name.startsWith('token:') ? <Empty title={t('account.noUser')} /> : (
        <div className="columns apart">
          <Password name={me.name} />
          <Second name={me.name} />
        </div>
      )}
    </>
  )
}

const labels = (me: Me): [string, string][] =>
  Object.entries(me.labels ?? {}).map(([key, value]) => [t('devices.labels'), `${key}=${value}`])

function Password({ name }: { name: string }) {
  const action = useAction()
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const data = new FormData(form)
    if (data.get('new') !== data.get('again')) {
      toast(t('setup.differ'), 'problem')
      return
    }
    const done = await action.run(() => changePassword(String(data.get('old')), String(data.get('new'))), t('account.changed'))
    if (done) form.reset()
  }
  return (
    <section>
      <h2>{t('account.password')}</h2>
      <form onSubmit={(event) => void submit(event)}>
        <label>{t('account.old')}<input name="old" type="password" autoComplete="current-password" required /></label>
        <label>{t('account.new')}<input name="new" type="password" autoComplete="new-password" minLength={8} required /></label>
        <label>{t('setup.again')}<input name="again" type="password" autoComplete="new-password" required /></label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('account.password')}</button>
          <Shells
            cli={`viaduct users passwd ${quoted(name)} --old-password-file old.txt --password-file new.txt`}
            method="POST" path="/whoami/password" body={{ password: 'OLD-PASSWORD', new: 'NEW-PASSWORD' }}
          />
        </p>
      </form>
    </section>
  )
}

function Second({ name }: { name: string }) {
  const self = useLoad(
    // Who may not see users still has a second factor; then the button finds out.
    () => may('users.read') ? get<Self>(`/users/${encodeURIComponent(name)}`).catch(() => undefined) : Promise.resolve(undefined),
    [name]
  )
  const action = useAction()
  const [begun, setBegun] = useState<{ secret: string; uri: string }>()
  const [recovery, setRecovery] = useState<string[]>()
  const code = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    return String(new FormData(event.currentTarget).get('code')).replaceAll(' ', '')
  }
  const prove = (given: string) =>
    action.run(async () => {
      const answer = await post<{ recoveryCodes: string[] }>('/whoami/second-factor/verify', { code: given })
      setRecovery(answer.recoveryCodes)
      setBegun(undefined)
      self.reload()
    })
  const end = (given: string) =>
    action.run(async () => {
      await call('DELETE', '/whoami/second-factor', { code: given })
      setRecovery(undefined)
      self.reload()
    })
  const on = self.data?.secondFactor ?? recovery !== undefined
  return (
    <section>
      <h2>{t('account.second')}</h2>
      {action.error && <Failure error={action.error} />}
      <Await of={self}>{() => <p>{t(on ? 'account.secondOn' : 'account.secondOff')}</p>}</Await>
      {recovery && (
        <div className="notice">
          <p>{t('account.recovery')}</p>
          <pre>{recovery.join('\n')}</pre>
          <p className="actions">
            <Copy text={recovery.join('\n')} />
            <button onClick={() => download('viaduct-recovery-codes.txt', recovery.join('\n'))}>{t('common.save')}</button>
          </p>
        </div>
      )}
      {!on && !begun && (
        <p className="actions">
          <button
            disabled={action.busy}
            onClick={() => void action.run(async () => setBegun(await post('/whoami/second-factor')))}
          >
            {t('account.begin')}
          </button>
          <Shells cli="viaduct users totp enroll" method="POST" path="/whoami/second-factor" body={{}} />
        </p>
      )}
      {begun && (
        <form onSubmit={(event) => void prove(code(event))}>
          <p>{t('account.scan')}</p>
          <Qr text={begun.uri} label={t('account.qr')} />
          <p><code className="secret">{begun.secret}</code> <Copy text={begun.secret} /></p>
          <label>{t('login.code')}<input name="code" inputMode="numeric" autoComplete="one-time-code" required autoFocus /></label>
          <p className="actions">
            <button className="primary" disabled={action.busy}>{t('account.prove')}</button>
            <Shells cli="viaduct users totp confirm" method="POST" path="/whoami/second-factor/verify" body={{ code: 'CODE' }} />
          </p>
        </form>
      )}
      {on && (
        <form className="inline" onSubmit={(event) => void end(code(event))}>
          <label>{t('account.endHint')}<input name="code" autoComplete="one-time-code" required /></label>
          <button className="danger" disabled={action.busy}>{t('account.end')}</button>
          <Shells cli="viaduct users totp disable" method="DELETE" path="/whoami/second-factor" body={{ code: 'CODE' }} />
        </form>
      )}
    </section>
  )
}
