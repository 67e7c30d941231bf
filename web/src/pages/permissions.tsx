// Who may do what, as the server judges it, and why not.

import { get, type Device, type Token } from '../api'
import { t } from '../i18n'
import { wordOf } from '../i18n/happened'
import { Await, Facts, Heading, quoted, Shells, useQuery } from '../parts'
import { labelText } from '../parts/labels'
import { may, useMe } from '../session'
import { useLoad } from '../state'

interface Permission {
  action: string
  about: string
  allowed: boolean
  why?: string
  roles: string[]
  scopes: string[]
}

export interface Permissions {
  of: string
  name: string
  rights: string
  tenantId: string
  labels?: Record<string, string>
  inactive?: string
  device?: string
  seesDevice?: boolean
  actions: Permission[]
}

const KINDS = ['user', 'token', 'role', 'scope'] as const
type Kind = (typeof KINDS)[number]

/** Names of each kind; who may not see users or tokens gets none of them. */
interface Names {
  user: string[]
  token: string[]
  role: string[]
  scope: string[]
}

async function names(): Promise<Names> {
  const [users, tokens, roles] = await Promise.all([
    may('users.read') ? get<{ name: string }[]>('/users') : [],
    may('tokens.read') ? get<Token[]>('/tokens') : [],
    get<{ name: string }[]>('/roles')
  ])
  const of = (list: { name: string }[]) => list.map((one) => one.name)
  return { user: of(users), token: of(tokens), role: of(roles), scope: ['proxy', 'read', 'operate', 'admin'] }
}

const roleName = (name: string) => wordOf('role', name)

/** The server's own words where nobody has others. */
const aboutOf = (one: Permission) => {
  const words = wordOf('action', one.action)
  return words === one.action ? one.about : words
}

export default function PermissionsPage() {
  const [query, change] = useQuery()
  const kind = KINDS.find((one) => query.get(one))
  const name = kind ? query.get(kind) ?? '' : ''
  const device = query.get('device') ?? ''
  const right = query.get('right') ?? ''
  const asked = new URLSearchParams({ ...(kind && { [kind]: name }), ...(device && { device }) })
  const path = `/permissions${asked.size ? `?${asked}` : ''}`
  const answer = useLoad(() => get<Permissions>(path), [path])
  const all = useLoad(names, [])
  const choose = (next: string) => {
    const [of = '', ...rest] = next.split(':')
    change({ user: '', token: '', role: '', scope: '', ...(of && { [of]: rest.join(':') }) })
  }
  const flags = [kind && `--${kind} ${quoted(name)}`, device && `--device ${quoted(device)}`].filter(Boolean).join(' ')
  return (
    <>
      <Heading title={t('permissions.title')}>
        <Shells cli={`viaduct users permissions ${flags}`.trim()} method="GET" path={path} />
      </Heading>
      <p className="muted">{t('permissions.about')}</p>
      <div className="filters">
        <label>{t('permissions.of')}{' '}
          <select value={kind ? `${kind}:${name}` : ''} onChange={(e) => choose(e.target.value)}>
            <option value="">{t('permissions.me')}</option>
            {all.data && KINDS.map((one: Kind) => all.data && all.data[one].length > 0 && (
              <optgroup key={one} label={t(`permissions.${one}`)}>
                {all.data[one].map((each) => <option key={each} value={`${one}:${each}`}>{one === 'role' ? roleName(each) : each}</option>)}
              </optgroup>
            ))}
          </select>
        </label>
        <DeviceChoice value={device} choose={(next) => change({ device: next })} />
        {right && <button onClick={() => change({ right: '' })}>{t('permissions.allRights')}</button>}
      </div>
      <Await of={answer}>
        {(a) => (
          <>
            <Facts
              rows={[
                [t('permissions.of'), a.name],
                [t(a.of === 'token' || a.of === 'scope' ? 'tokens.scope' : 'people.role'), roleName(a.rights)],
                [t('devices.labels'), labelText(a.labels) || t('people.all')],
                ...(a.seesDevice === undefined ? [] : [[t('permissions.sees'), t(a.seesDevice ? 'common.yes' : 'common.no')] as [string, string]])
              ]}
            />
            {right && <Why answer={a} right={right} />}
            <List answer={a} right={right} />
          </>
        )}
      </Await>
    </>
  )
}

/** One right: whether, why not, and who has it. */
function Why({ answer, right }: { answer: Permissions; right: string }) {
  const one = answer.actions.find((each) => each.action === right)
  if (!one) return <p className="notice">{t('permissions.unknown', { right })}</p>
  return (
    <section className="notice" aria-live="polite">
      <h2>{aboutOf(one)} <code>{one.action}</code></h2>
      <p><strong>{t(one.allowed ? 'permissions.yes' : 'permissions.no', { name: answer.name })}</strong></p>
      {one.why && <p lang="en">{one.why}</p>}
      <p>{t('permissions.roles', { roles: one.roles.map(roleName).join(', ') })}</p>
      <p>{t('permissions.scopes', { scopes: one.scopes.join(', ') || t('common.none') })}</p>
    </section>
  )
}

/** Each right, whether it is there, and which roles and scopes have it. */
function List({ answer, right }: { answer: Permissions; right: string }) {
  const me = useMe()
  const roles = [...new Set(answer.actions.flatMap((one) => one.roles))].sort(
    (a, b) => count(answer, 'roles', a) - count(answer, 'roles', b)
  )
  const scopes = [...new Set(answer.actions.flatMap((one) => one.scopes))].sort(
    (a, b) => count(answer, 'scopes', a) - count(answer, 'scopes', b)
  )
  const shown = right ? answer.actions.filter((one) => one.action === right) : answer.actions
  const mark = (has: boolean) => (
    <>{has ? '✓' : '–'}<span className="only-read">{t(has ? 'common.yes' : 'common.no')}</span></>
  )
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('permissions.title')}>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">{t('permissions.right')}</th>
            <th scope="col">{answer.of === 'caller' && me ? t('permissions.me') : answer.name}</th>
            {roles.map((role) => <th scope="col" key={role}>{roleName(role)}</th>)}
            {scopes.map((scope) => <th scope="col" key={scope}>{t('permissions.tokenScope', { scope })}</th>)}
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.action}>
              <th scope="row">{aboutOf(one)} <code>{one.action}</code></th>
              <td className={one.allowed ? 'may' : 'maynot'} title={one.why}>{mark(one.allowed)}</td>
              {roles.map((role) => <td key={role} className={one.roles.includes(role) ? 'may' : 'muted'}>{mark(one.roles.includes(role))}</td>)}
              {scopes.map((scope) => <td key={scope} className={one.scopes.includes(scope) ? 'may' : 'muted'}>{mark(one.scopes.includes(scope))}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const count = (answer: Permissions, of: 'roles' | 'scopes', name: string) =>
  answer.actions.filter((one) => one[of].includes(name)).length

function DeviceChoice({ value, choose }: { value: string; choose: (name: string) => void }) {
  const known = useLoad(() => (value ? get<Device>(`/devices/${encodeURIComponent(value)}`).catch(() => undefined) : Promise.resolve(undefined)), [value])
  const submit = (event: { preventDefault: () => void; currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    choose(String(new FormData(event.currentTarget).get('device')).trim())
  }
  return (
    <form className="inline" onSubmit={submit}>
      <label>{t('permissions.device')}<input name="device" key={value} defaultValue={known.data?.name || value} autoComplete="off" /></label>
      <button>{t('common.show')}</button>
    </form>
  )
}
