// One-click recovery: the PC fetches what it boots from a web server.

import { useState, type FormEvent } from 'react'
import { ApiError, get, post, type Device } from '../../api'
import { t } from '../../i18n'
import { Allowed, Await, Dialog, Empty, Failure, quoted, Shells, useAction } from '../../parts'
import { Consent } from '../../parts/consent'
import { derOf } from '../../parts/pem'
import { isDark, usePowerState } from '../../power'
import { useLoad } from '../../state'

/** Numbers of the boot in the interface. */
const BY_RESET = 105
const BY_SWITCHING_ON = 106
const SOURCE = 'Intel(r) AMT: Force OCR UEFI HTTPS Boot'
/** The first generation of firmware that has it. */
const SINCE = 15
const URL_MAX = 300
/** Of user and password; firmware takes no more. */
const SIGN_IN_MAX = 16
const NEEDS_CONSENT = 'E2032'

interface Features {
  userConsent: 'none' | 'kvm' | 'all'
  KVM: boolean
  SOL: boolean
  IDER: boolean
  ocr: boolean
  httpsBootSupported: boolean
}

interface Ability {
  features: Features
  hasSource: boolean
}

async function ability(guid: string): Promise<Ability> {
  const features = await get<Features>(`/amt/features/${guid}`)
  const sources = features.httpsBootSupported ? [] : await get<{ instanceID: string }[]>(`/amt/power/bootSources/${guid}`)
  return { features, hasSource: features.httpsBootSupported || sources.some((one) => one.instanceID === SOURCE) }
}

export function HttpsBoot({ device, close }: { device: Device; close: () => void }) {
  const able = useLoad(() => ability(device.guid), [device.guid])
  const name = device.name || device.guid
  return (
    <Dialog title={t('boot.title', { name })} close={close}>
      <p className="muted">{t('boot.about')}</p>
      <Await of={able}>
        {({ features, hasSource }) => features.httpsBootSupported
          ? <Form device={device} features={features} close={close} reload={able.reload} />
          : <Missing device={device} hasSource={hasSource} close={close} />}
      </Await>
      {able.data === undefined && <p className="actions"><button onClick={close}>{t('common.cancel')}</button></p>}
    </Dialog>
  )
}

function Missing({ device, hasSource, close }: { device: Device; hasSource: boolean; close: () => void }) {
  const version = String(device.deviceInfo?.['fwVersion'] ?? '')
  const old = version !== '' && Number.parseInt(version, 10) < SINCE
  const why = old ? t('boot.missing.old', { version }) : t(hasSource ? 'boot.missing.bios' : 'boot.missing.source')
  return <Empty title={t('boot.missing')} hint={why}><button onClick={close}>{t('common.close')}</button></Empty>
}

interface Wish {
  url: string
  username: string
  password: string
  begin: 'reset' | 'on'
  secure: boolean
}

const bodyOf = ({ url, username, password, begin, secure }: Wish) => ({
  action: begin === 'on' ? BY_SWITCHING_ON : BY_RESET,
  useSOL: false,
  bootDetails: { url, ...(username && { username, password }), ...(!secure && { enforceSecureBoot: false }) }
})

interface Answer {
  Body?: { ReturnValue?: number; ReturnValueStr?: string }
}

interface Kept {
  certificates?: { publicKeyCertificateItems?: { x509Certificate?: string; trustedRootCertificate?: boolean }[] }
}

/** Puts a root into AMT, which refuses one that it has already. */
async function trust(guid: string, root: string) {
  const kept = await get<Kept>(`/amt/certificates/${guid}`)
  const there = kept.certificates?.publicKeyCertificateItems?.some((one) =>
    one.trustedRootCertificate && one.x509Certificate?.replace(/\s+/g, '') === root)
  if (!there) await post(`/amt/certificates/${guid}`, { cert: root, isTrusted: true })
}

function Form({ device, features, close, reload }: { device: Device; features: Features; close: () => void; reload: () => void }) {
  const { guid } = device
  const name = device.name || guid
  const path = `/amt/power/bootOptions/${guid}`
  const dark = isDark(usePowerState(guid))
  const [wish, setWish] = useState<Wish>({ url: '', username: '', password: '', begin: dark ? 'on' : 'reset', secure: true })
  const [rootText, setRootText] = useState('')
  const [rootIn, setRootIn] = useState(false)
  const [sure, setSure] = useState(false)
  const [done, setDone] = useState(false)
  const action = useAction()
  const set = (change: Partial<Wish>) => setWish({ ...wish, ...change })
  const root = rootText.trim() ? derOf(rootText) : undefined
  const go = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    // A reset is asked about once more, as with every other boot.
    if (wish.begin === 'reset' && !sure) return setSure(true)
    setSure(false)
    const well = await action.run(async () => {
      if (rootText.trim() && !rootIn) {
        if (!root) throw new ApiError(400, { title: t('boot.rootBad') })
        await trust(guid, root)
        setRootIn(true)
      }
      const answer = await post<Answer>(path, bodyOf(wish))
      const value = answer?.Body?.ReturnValue
      if (value) throw new ApiError(502, { title: answer.Body?.ReturnValueStr ?? `AMT: ${value}`, amt: value })
    })
    if (well) setDone(true)
  }
  if (done) {
    return (
      <>
        <p role="status" className="good">✓ {t('boot.done', { name, url: wish.url })}</p>
        <p className="actions"><button onClick={close} autoFocus>{t('common.close')}</button></p>
      </>
    )
  }
  // Secrets stay out of what is copied.
  const shown = bodyOf({ ...wish, url: wish.url || 'https://boot.example.com/winpe.efi', password: 'PASSWORD' })
  const signIn = wish.username && ` --user ${quoted(wish.username)} --password-file -`
  const cli = `viaduct boot https ${quoted(name)} --url ${quoted(shown.bootDetails.url)}${signIn}${wish.begin === 'on' ? ' --power on' : ''}${wish.secure ? '' : ' --no-secure-boot'}`
  return (
    <>
      {!features.ocr && <Off guid={guid} name={name} features={features} done={reload} />}
      {(features.userConsent === 'all' || action.error?.problem.code === NEEDS_CONSENT) && <Consent device={device} />}
      <form onSubmit={(event) => void go(event)}>
        <label>{t('boot.url')}
          <input
            type="url" required pattern="https?://.+" maxLength={URL_MAX} placeholder="https://boot.example.com/winpe.efi" autoFocus
            value={wish.url} onChange={(e) => set({ url: e.target.value })}
          />
          <small className="muted">{t('boot.urlHint')}</small>
        </label>
        <details>
          <summary>{t('boot.signIn')}</summary>
          <label>{t('boot.user')}
            <input autoComplete="off" maxLength={SIGN_IN_MAX} value={wish.username} onChange={(e) => set({ username: e.target.value })} />
          </label>
          <label>{t('boot.password')}
            <input type="password" autoComplete="new-password" maxLength={SIGN_IN_MAX} value={wish.password} onChange={(e) => set({ password: e.target.value })} />
            <small className="muted">{t('boot.short')}</small>
          </label>
        </details>
        <Allowed needs="amt.change"><Root guid={guid} name={name} text={rootText} take={(text) => { setRootText(text); setRootIn(false) }} /></Allowed>
        <fieldset>
          <legend>{t('boot.how')}</legend>
          {(['reset', 'on'] as const).map((one) => (
            <label key={one} className="check">
              <input type="radio" name="begin" checked={wish.begin === one} onChange={() => { set({ begin: one }); setSure(false) }} /> {t(`boot.${one}`)}
            </label>
          ))}
        </fieldset>
        <label className="check"><input type="checkbox" checked={wish.secure} onChange={(e) => set({ secure: e.target.checked })} /> {t('boot.secure')}</label>
        {action.error && rootIn && <p className="notice">{t('boot.rootIn')}</p>}
        {action.error && <Failure error={action.error} />}
        {wish.begin === 'reset' && <p className="warn">⚠ {t('power.lost')}</p>}
        <p className="actions">
          <button className={wish.begin === 'reset' ? 'danger' : 'primary'} disabled={action.busy}>
            {sure ? t('boot.sure', { name }) : t('boot.go')}
          </button>
          <button type="button" onClick={close}>{t('common.cancel')}</button>
          <Shells cli={cli} method="POST" path={path} body={shown} />
        </p>
      </form>
    </>
  )
}

/** A root that the PC does not trust yet, from a file or as text. */
function Root({ guid, name, text, take }: { guid: string; name: string; text: string; take: (text: string) => void }) {
  return (
    <details>
      <summary>{t('boot.root')}</summary>
      <p className="muted">{t('boot.rootHint')}</p>
      <label>{t('boot.rootFile')}
        <input type="file" accept=".pem,.crt,.cer" onChange={(e) => { void e.target.files?.[0]?.text().then(take) }} />
      </label>
      <label>{t('boot.rootText')}
        <textarea rows={3} spellCheck={false} value={text} onChange={(e) => take(e.target.value)} placeholder="-----BEGIN CERTIFICATE-----" />
      </label>
      {text.trim() && !derOf(text) && <p className="warn" role="status">{t('boot.rootBad')}</p>}
      <p>
        <Shells
          cli={`viaduct wsman invoke ${quoted(name)} AMT_PublicKeyManagementService AddTrustedRootCertificate CertificateBlob=${derOf(text) ?? 'BASE64'}`}
          method="POST" path={`/amt/certificates/${guid}`} body={{ cert: derOf(text) ?? 'BASE64', isTrusted: true }}
        />
      </p>
    </details>
  )
}

/** AMT has a switch of its own for it; everything else stays as it is. */
function Off({ guid, name, features: f, done }: { guid: string; name: string; features: Features; done: () => void }) {
  const action = useAction()
  const path = `/amt/features/${guid}`
  const body = { userConsent: f.userConsent, enableKVM: f.KVM, enableSOL: f.SOL, enableIDER: f.IDER, ocr: true }
  return (
    <div className="notice">
      <p>{t('boot.off')}</p>
      {action.error && <Failure error={action.error} />}
      <p className="actions">
        <Allowed needs="amt.features" why>
          <button disabled={action.busy} onClick={() => void action.run(() => post(path, body), t('boot.switchedOn')).then(done)}>{t('boot.switchOn')}</button>
          <Shells cli={`viaduct amt features ${quoted(name)} --ocr on`} method="POST" path={path} body={body} />
        </Allowed>
      </p>
    </div>
  )
}
