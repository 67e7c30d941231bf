// Users, what each role may do, and tokens.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { get, patch, post, remove } from '../api'
import { isKey, t } from '../i18n'
import { wordOf } from '../i18n/happened'
import { Allowed, Await, Dialog, Empty, Failure, Heading, Loading, quoted, Shells, Table, Time, useAction, useFilled, useQuery } from '../parts'
import { labelOptions, labelsOf, labelText } from '../parts/labels'
import { useMay, useMe } from '../session'
import { useLoad, type Loaded } from '../state'
import { Tokens } from './tokens'

export interface User {
  name: string
  role: string
  tenantId: string
  labels: Record<string, string>
  disabled: boolean
  secondFactor: boolean
  provider: boolean
  created: string
}

export interface Role {
  name: string
  about: string
  actions: string[]
}

const TABS = ['users', 'roles', 'tokens'] as const
type Tab = (typeof TABS)[number]

export default function People() {
  const [query, change] = useQuery()
  const tab = (TABS.find((name) => name === query.get('tab')) ?? 'users') as Tab
  const roles = useLoad(() => get<Role[]>('/roles'), [])
  return (
    <>
      <Heading title={t('nav.people')} />
      <ul className="tabs">
        {TABS.map((name) => (
          <li key={name}>
            <a
              href={`?tab=${name}`} aria-current={name === tab ? 'page' : undefined}
              onClick={(event) => { event.preventDefault(); change({ tab: name, sort: '' }) }}
            >
              {t(`people.${name}`)}
            </a>
          </li>
        ))}
      </ul>
      {tab === 'users' && <Users roles={roles} />}
      {tab === 'roles' && <Await of={roles}>{(list) => <Matrix roles={list} />}</Await>}
      {tab === 'tokens' && <Tokens />}
    </>
  )
}

export const roleName = (name: string) => {
  const key = `role.${name}`
  return isKey(key) ? t(key) : name
}

function Users({ roles }: { roles: Loaded<Role[]> }) {
  const list = useLoad(() => get<User[]>('/users'), [])
  const [making, setMaking] = useState(false)
  const [changing, setChanging] = useState<User>()
  const may = useMay()
  return (
    <>
      <Allowed needs="users.manage" why><p><button className="primary" onClick={() => setMaking(true)}>{t('people.make')}</button></p></Allowed>
      <Await of={list}>
        {(users) => users.length === 0 ? <Empty title={t('people.empty')} /> : (
          <Table
            label={t('people.users')} rows={users} id={(user) => user.name} order="name"
            columns={[
              { key: 'name', title: t('tokens.name'), cell: (u) => u.name, sort: (u) => u.name },
              { key: 'role', title: t('people.role'), cell: (u) => roleName(u.role), sort: (u) => u.role },
              { key: 'state', title: t('devices.state'), cell: (u) => t(u.disabled ? 'people.disabled' : 'people.active'), sort: (u) => Number(u.disabled) },
              { key: 'second', title: t('account.second'), wide: true, cell: (u) => t(u.provider ? 'people.provider' : u.secondFactor ? 'common.yes' : 'common.no') },
              { key: 'labels', title: t('devices.labels'), wide: true, cell: (u) => labelText(u.labels) || t('people.all') },
              { key: 'created', title: t('people.created'), wide: true, cell: (u) => <Time at={u.created} />, sort: (u) => u.created },
              ...(may('users.manage') ? [{ key: 'do', title: t('common.actions'), cell: (u: User) => <button className="small" onClick={() => setChanging(u)}>{t('people.change')}</button> }] : [])
            ]}
          />
        )}
      </Await>
      {making && <Make roles={roles} close={() => { setMaking(false); list.reload() }} />}
      {changing && <Change user={changing} roles={roles} close={() => { setChanging(undefined); list.reload() }} />}
    </>
  )
}

function RoleChoice({ roles, value }: { roles: Loaded<Role[]>; value: string }) {
  const [chosen, setChosen] = useState(value)
  if (!roles.data) return <Loading />
  const about = `role.about.${chosen}`
  return (
    <label>{t('people.role')}
      <select name="role" value={chosen} onChange={(e) => setChosen(e.target.value)}>
        {roles.data.map((role) => <option key={role.name} value={role.name}>{roleName(role.name)}</option>)}
      </select>
      <small className="muted">{isKey(about) ? t(about) : roles.data.find((role) => role.name === chosen)?.about}</small>
    </label>
  )
}

function Make({ roles, close }: { roles: Loaded<Role[]>; close: () => void }) {
  const action = useAction()
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => String(data.get(name) ?? '')
    const labels = labelsOf(text('labels'))
    const body = { name: text('name'), role: text('role'), password: text('password'), labels }
    if (await action.run(() => post('/users', body), t('people.made', { name: body.name }))) close()
  }
  const { watch, text: filled } = useFilled()
  const shown = { name: filled('name') || 'NAME', role: filled('role', 'viewer'), labels: labelsOf(filled('labels')) }
  return (
    <Dialog title={t('people.make')} close={close}>
      <form {...watch} onSubmit={(event) => void submit(event)}>
        <label>{t('tokens.name')}<input name="name" required autoComplete="off" autoFocus /></label>
        <label>{t('login.password')}<input name="password" type="password" minLength={8} required autoComplete="new-password" /></label>
        <RoleChoice roles={roles} value="viewer" />
        <label>{t('people.labels')}<input name="labels" placeholder="site=berlin" /></label>
        {action.error && <Failure error={action.error} />}
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('people.make')}</button>
          <button type="button" onClick={close}>{t('common.cancel')}</button>
          <Shells
            cli={`viaduct users add ${quoted(shown.name)} --role ${quoted(shown.role)}${labelOptions(shown.labels)}`} method="POST" path="/users"
            body={{ ...shown, password: 'PASSWORD' }}
          />
        </p>
      </form>
    </Dialog>
  )
}

function Change({ user, roles, close }: { user: User; roles: Loaded<Role[]>; close: () => void }) {
  const me = useMe()
  const action = useAction()
  const path = `/users/${encodeURIComponent(user.name)}`
  const name = quoted(user.name)
  const own = me?.name === user.name
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const body = { role: String(data.get('role')), labels: labelsOf(String(data.get('labels'))) }
    if (await action.run(() => patch(path, body), t('people.changed', { name: user.name }))) close()
  }
  const act = async (body: object) => {
    if (await action.run(() => patch(path, body), t('people.changed', { name: user.name }))) close()
  }
  const password = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    await act({ password: String(new FormData(event.currentTarget).get('password')) })
  }
  const signOut = async () => {
    if (await action.run(() => post(`${path}/sign-out`), t('people.signedOut', { name: user.name }))) close()
  }
  const { watch, text } = useFilled()
  const shown = { role: text('role', user.role), labels: labelsOf(text('labels', labelText(user.labels))) }
  const options = Object.keys(shown.labels).length ? labelOptions(shown.labels) : ' --no-labels'
  const [sure, setSure] = useState(false)
  const forget = async () => {
    if (await action.run(() => remove(path), t('people.removed', { name: user.name }))) close()
  }
  return (
    <Dialog title={user.name} close={close}>
      {action.error && <Failure error={action.error} />}
      <form {...watch} onSubmit={(event) => void submit(event)}>
        <RoleChoice roles={roles} value={user.role} />
        <label>{t('people.labels')}<input name="labels" defaultValue={labelText(user.labels)} /></label>
        <p className="actions">
          <button className="primary" disabled={action.busy}>{t('common.save')}</button>
          <Shells cli={`viaduct users role ${name} ${quoted(shown.role)}${options}`} method="PATCH" path={path} body={shown} />
        </p>
      </form>
      {!user.provider && (
        <form className="inline" onSubmit={(event) => void password(event)}>
          <label>{t('account.new')}<input name="password" type="password" minLength={8} required autoComplete="new-password" /></label>
          <button disabled={action.busy}>{t('people.reset')}</button>
          <Shells cli={`viaduct users passwd ${name} --password-file -`} method="PATCH" path={path} body={{ password: 'PASSWORD' }} />
        </form>
      )}
      <p className="actions">
        <button disabled={action.busy || own} onClick={() => void act({ disabled: !user.disabled })}>
          {t(user.disabled ? 'people.enable' : 'people.disable')}
        </button>
        <Shells
          cli={`viaduct users ${user.disabled ? 'enable' : 'disable'} ${name}`}
          method="PATCH" path={path} body={{ disabled: !user.disabled }}
        />
        <button disabled={action.busy} onClick={() => void signOut()}>{t('people.signOut')}</button>
        <Shells cli={`viaduct users sign-out ${name}`} method="POST" path={`${path}/sign-out`} />
        {user.secondFactor && (
          <>
            <button disabled={action.busy} onClick={() => void act({ secondFactor: false })}>{t('people.noSecond')}</button>
            <Shells cli={`viaduct users reset-second-factor ${name}`} method="PATCH" path={path} body={{ secondFactor: false }} />
          </>
        )}
        {sure
          ? <button className="danger" disabled={action.busy || own} onClick={() => void forget()}>{t('people.sure')}</button>
          : <button className="danger" disabled={own} onClick={() => setSure(true)}>{t('people.remove')}</button>}
        <Shells cli={`viaduct users rm ${name}`} method="DELETE" path={path} />
        <Link className="button" href={`/permissions?user=${encodeURIComponent(user.name)}`}>{t('permissions.title')}</Link>
        <button onClick={close}>{t('common.close')}</button>
      </p>
    </Dialog>
  )
}

function Matrix({ roles }: { roles: Role[] }) {
  const actions = [...new Set(roles.flatMap((role) => role.actions))].sort()
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('people.roles')}>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">{t('people.action')}</th>
            {roles.map((role) => <th scope="col" key={role.name} title={role.about}><Link href={`/permissions?role=${role.name}`}>{roleName(role.name)}</Link></th>)}
          </tr>
        </thead>
        <tbody>
          {actions.map((action) => (
            <tr key={action}>
              <th scope="row" title={action}>{wordOf('action', action)}</th>
              {roles.map((role) => {
                const may = role.actions.includes(action)
                return <td key={role.name} className={may ? 'may' : 'muted'}>{may ? '✓' : '–'}<span className="only-read">{t(may ? 'common.yes' : 'common.no')}</span></td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
