// Door B: what to run on a PC that this server cannot reach, with rpc-go or with MeshCommander.

import { useState, type FormEvent } from 'react'
import { Link } from 'wouter'
import { call, get, post, type Certificate, type Device, type Status, type WhyOffline } from '../../api'
import { t } from '../../i18n'
import { Await, Copy, download, Facts, Failure, quoted, Shells, useAction, useFilled } from '../../parts'
import { Qr } from '../../parts/qr'
import { useLoad } from '../../state'
import { Likely } from './likely'
import { Ticks } from './jobs'

/** User and port that rpc-go always configures. */
const USER = 'admin'
const PORT = '4433'
/** What a UUID looks like. */
const EXAMPLE = '4c4c4544-004b-4210-8033-b8c04f504633'

interface Prepared {
  guid: string
  name: string
  mps: string
  password: string
  scripts: Scripts
}

/** What the server writes for a PC (`POST /enroll/scripts`). */
interface Scripts {
  mps: string
  port: number
  commonName: string | null
  user: string
  shell: string
  powershell: string
  mescript: string
}

interface Server {
  /** Name in the certificate that PCs are shown. */
  commonName: string
  port: string
  root: Certificate
}

async function server(): Promise<Server> {
  const [status, certificates] = await Promise.all([get<Status>('/status'), get<Certificate[]>('/certificates')])
  const root = certificates.find((c) => c.listener === 'root')
  if (!root) throw new Error(t('add.noRoot'))
  const cira = certificates.find((c) => c.listener === 'cira')
  return { commonName: cira?.subject ?? '', port: status.addresses.cira[0]?.split(':').pop() ?? PORT, root }
}

export function Script() {
  const about = useLoad(server, [])
  const [prepared, setPrepared] = useState<Prepared>()
  return (
    <section>
      <h2>{t('add.script')}</h2>
      <p className="muted">{t('add.script.text')}</p>
      <Await of={about}>
        {(s) => prepared ? <><Card server={s} pc={prepared} /><Follow pc={prepared} /></> : <Prepare server={s} done={setPrepared} />}
      </Await>
    </section>
  )
}

/** Capital, small letter, digit, sign, then any of them; without what shells or firmware dislike. */
const CLASSES = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnopqrstuvwxyz', '23456789', '-_.+']
const LENGTH = 16

function firmwarePassword(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(LENGTH))
  return [...numbers].map((number, place) => {
    const alphabet = CLASSES[place] ?? CLASSES.join('')
    return alphabet[number % alphabet.length] ?? ''
  }).join('')
}

function Prepare({ server: s, done }: { server: Server; done: (pc: Prepared) => void }) {
  const action = useAction()
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (key: string) => String(data.get(key) ?? '').trim()
    const password = firmwarePassword()
    const body = {
      guid: text('guid'), name: text('name'), mpsusername: USER, ciraPassword: password,
      ...(data.get('amt') ? { amtPassword: String(data.get('amt')) } : {})
    }
    const wish = { guid: body.guid, name: body.name, user: USER, password, ...(text('mps') ? { mps: text('mps') } : {}) }
    void action.run(async () => {
      // First what may be refused, so that nothing is entered for nothing.
      const scripts = await post<Scripts>('/enroll/scripts', wish)
      // A device that is known keeps its credential.
      const made = await call<Device>('POST', '/devices', body, { 'If-None-Match': '*' })
      done({ guid: made.guid, name: made.name, mps: scripts.mps, password, scripts })
    })
  }
  const { watch, text: filled } = useFilled()
  const [guid, name, mps, amt] = [filled('guid') || EXAMPLE, filled('name') || 'NAME', filled('mps'), filled('amt')]
  const more = amt ? `\nviaduct devices password ${quoted(name)} --amt-password-file -` : ''
  return (
    <form className="wide-form" {...watch} onSubmit={submit}>
      <label>{t('devices.name')}<input name="name" required autoComplete="off" placeholder="pc-31" /></label>
      <label>{t('device.guid')}
        <input name="guid" required autoComplete="off" pattern="[0-9a-fA-F\-]{32,36}" placeholder={EXAMPLE} />
        <small className="muted">{t('add.guidHint')}</small>
      </label>
      <label>{t('add.amtPassword')}
        <input name="amt" type="password" autoComplete="off" />
        <small className="muted">{t('add.amtKeep')}</small>
      </label>
      <label>{t('add.mpsOne')}<input name="mps" autoComplete="off" placeholder={s.commonName} /></label>
      {action.error && <Failure error={action.error} />}
      <p className="actions">
        <button className="primary" disabled={action.busy}>{t('add.prepare')}</button>
        <Shells
          cli={`viaduct enroll script ${quoted(name)} --guid ${quoted(guid)}${mps ? ` --mps ${quoted(mps)}` : ''}${more}`} method="POST" path="/enroll/scripts"
          body={{ guid, name, user: USER, password: 'PASSWORD', ...(mps ? { mps } : {}) }}
          then={[{ method: 'POST', path: '/devices', body: { guid, name, mpsusername: USER, ciraPassword: 'PASSWORD', ...(amt ? { amtPassword: 'AMT-PASSWORD' } : {}) } }]}
        />
      </p>
    </form>
  )
}

/** What somebody types in front of the PC. The root is too long for a QR code that telephones read well; its hash is not. */
function forMebx(s: Server, pc: Prepared): string {
  return [
    `MPS ${pc.mps}`, `Port ${pc.scripts.port}`, `CN ${pc.scripts.commonName ?? s.commonName}`, `User ${USER}`, `Password ${pc.password}`, `Root SHA-256 ${s.root.sha256}`
  ].join('\n')
}

function Card({ server: s, pc }: { server: Server; pc: Prepared }) {
  const base64 = s.root.pem.split('\n').filter((line) => !line.startsWith('-----')).join('').trim()
  const { scripts } = pc
  const port = String(scripts.port)
  const common = scripts.commonName ?? s.commonName
  const warnings = [
    /[a-z]/i.test(pc.mps) && t('add.warnName'),
    /^[^.:]+$/.test(pc.mps) && t('add.warnShort', { mps: pc.mps }),
    port !== PORT && t('add.warnPort', { port }),
    pc.mps !== common && t('add.warnCommon', { mps: pc.mps, name: common })
  ].filter((text): text is string => typeof text === 'string')
  return (
    <>
      <p className="notice">{t('add.once')}</p>
      <Facts
        rows={[
          [t('add.host'), <span key="h"><code>{pc.mps}</code> <Copy text={pc.mps} /></span>],
          [t('add.port'), port],
          [t('add.commonName'), common],
          [t('login.user'), USER],
          [t('login.password'), <span key="p"><code className="secret">{pc.password}</code> <Copy text={pc.password} /></span>],
          [t('add.root'), (
            <span key="r" className="actions">
              <Copy text={s.root.pem} label="PEM" /> <Copy text={base64} label="Base64" />
              <button className="small" onClick={() => download('viaduct-root.pem', s.root.pem)}>{t('common.save')}</button>
            </span>
          )],
          ['SHA-256', <code key="s">{s.root.sha256}</code>]
        ]}
      />
      <details open>
        <summary>{t('add.qr')}</summary>
        <Qr text={forMebx(s, pc)} label={t('add.qrLabel')} />
        <p className="muted">{t('add.qrHint')}</p>
      </details>
      <h3>{t('add.activate')}</h3>
      <p className="muted">{t('add.activateHint')}</p>
      <pre tabIndex={0}>rpc activate --local --ccm</pre>
      <h3>rpc-go</h3>
      {warnings.map((text) => <p key={text} className="warn">⚠ {text}</p>)}
      <p className="muted">{t('add.rpcHint')}</p>
      <p className="actions">
        <button onClick={() => download(`${pc.name}.sh`, scripts.shell)}>{t('add.saveShell')}</button>
        <button onClick={() => download(`${pc.name}.ps1`, scripts.powershell)}>{t('add.savePowershell')}</button>
        <Copy text={scripts.shell} />
      </p>
      <details>
        <summary>{t('add.readScript')}</summary>
        <pre tabIndex={0} className="wrap">{scripts.shell}</pre>
      </details>
      <h3>MeshCommander</h3>
      <p className="muted">{t('add.mescriptHint')}</p>
      <p className="actions"><button onClick={() => download(`${pc.name}.mescript`, scripts.mescript)}>{t('add.saveMescript')}</button></p>
      <p>{t('add.mc.hand')}</p>
      <ol>
        <li>{t('add.mc.root')}</li>
        <li>{t('add.mc.server', { mps: pc.mps, port, name: common, user: USER })}</li>
        <li>{t('add.mc.policy')}</li>
        <li>{t('add.mc.detection', { suffix: `${pc.guid}.com` })}</li>
      </ol>
    </>
  )
}

/** After so many seconds without a sign the likely reason is shown. */
const STUCK = 60

function Follow({ pc }: { pc: Prepared }) {
  const device = useLoad(() => get<Device>(`/devices/${pc.guid}`), [pc.guid], 2_000)
  const here = device.data?.connectionStatus ?? false
  const [began] = useState(Date.now)
  const why = useLoad(
    () => (here ? Promise.resolve(undefined) : get<WhyOffline>(`/devices/${pc.guid}/why-offline`)),
    [pc.guid, here], 5_000
  )
  const since = device.data?.tunnel?.since ?? null
  const asks = here && (device.data?.hasAmtPassword ?? false)
  const answered = useLoad(
    () => (asks ? get<unknown>(`/amt/version/${pc.guid}`).then(() => new Date().toISOString()) : Promise.resolve(null)),
    [pc.guid, asks]
  )
  const waited = (Date.now() - began) / 1000
  const milestones = ['tcp', 'tls', 'identity', 'credential'].map((name) => ({ name, text: '', at: since }))
  milestones.push({ name: 'ports', text: '', at: device.data?.ports.length && here ? since : null })
  milestones.push({ name: 'wsman', text: '', at: answered.data ?? null })
  return (
    <>
      <h3>{t('add.follow')}</h3>
      <Ticks milestones={milestones} />
      {answered.error && <Failure error={answered.error} retry={answered.reload} />}
      {here && <p className="good">✓ {t('add.online', { name: pc.name })} <Link href={`/devices/${pc.guid}`}>{t('add.try')}</Link></p>}
      {!here && why.data && (waited > STUCK || why.data.checks.some((c) => c.seen === 'bad')) && (
        <Likely why={why.data} />
      )}
    </>
  )
}
