// When and where a device calls: its servers, policies and roots, as its firmware has them.

import { duration, isKey, t } from '../../i18n'
import { Facts } from '../../parts'
import { Answer, known, Raw } from './answers'

interface Access {
  version?: string
  controlMode?: string
  mps: { address: string; port: number; commonName?: string; user?: string; here?: boolean }[]
  mpsMax?: number
  policies: { trigger: string; schedule?: string | null; lifeTimeSeconds: number; servers: string[] }[]
  userInitiated?: string | null
  inside?: string[]
  roots: { handle: string; subject?: string | null; sha256?: string | null; here?: boolean }[]
  proxies?: unknown[]
}

const words = (family: string, name: string) => {
  const key = `remote.${family}.${name}`
  return isKey(key) ? t(key) : name
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 }

/** A span between two calls, or the time of day of one. */
function how(schedule: string | null | undefined): string {
  const [, count, unit] = /^(\d+)([smh])$/.exec(schedule ?? '') ?? []
  return unit ? duration(Number(count) * (SECONDS[unit] ?? 1)) : schedule ?? '–'
}

const Here = ({ here }: { here: boolean | undefined }) => (here ? <span className="good">✓ {t('common.yes')}</span> : <>{t('common.no')}</>)

export function RemoteAccess({ guid }: { guid: string }) {
  return (
    <Answer<Access> path={`/remote-access/${guid}`}>
      {(data) => (
        <>
          <section className="apart">
            <h2>{t('remote.dialsIn')}</h2>
            <Facts
              rows={[
                [t('remote.where'), data.inside?.length
                  ? <>{data.inside.join(', ')} <small className="muted">{t('remote.whereHint')}</small></>
                  : t('remote.everywhere')],
                ...known(t('remote.userInitiated'), data.userInitiated && words('userInitiated', data.userInitiated)),
                ...known(t('remote.version'), data.version),
                ...known(t('remote.mode'), data.controlMode && words('mode', data.controlMode))
              ]}
            />
          </section>
          <Servers data={data} />
          <Policies data={data} />
          <Roots data={data} />
          <Raw value={data} />
        </>
      )}
    </Answer>
  )
}

function Servers({ data }: { data: Access }) {
  return (
    <section className="apart">
      <h2>{t('remote.servers')}</h2>
      {data.mps.length === 0 ? <p className="warn">{t('remote.noServers')}</p> : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('remote.servers')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('remote.server')}</th><th scope="col" className="wide">{t('remote.name')}</th>
                <th scope="col">{t('remote.user')}</th><th scope="col">{t('remote.isHere')}</th>
              </tr>
            </thead>
            <tbody>
              {data.mps.map((one, at) => (
                <tr key={at}>
                  <td>{one.address}:{one.port}</td><td className="wide">{one.commonName}</td><td>{one.user}</td><td><Here here={one.here} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data.mpsMax !== undefined && <p className="muted">{t('remote.room', { n: data.mps.length, max: data.mpsMax })}</p>}
    </section>
  )
}

function Policies({ data }: { data: Access }) {
  return (
    <section className="apart">
      <h2>{t('remote.policies')}</h2>
      {data.policies.length === 0 ? <p className="warn">{t('remote.noPolicies')}</p> : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('remote.policies')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('remote.trigger')}</th><th scope="col">{t('remote.schedule')}</th>
                <th scope="col" className="wide">{t('remote.life')}</th><th scope="col" className="wide">{t('remote.server')}</th>
              </tr>
            </thead>
            <tbody>
              {data.policies.map((one, at) => (
                <tr key={at}>
                  <td>{words('trigger', one.trigger)}</td><td>{how(one.schedule)}</td>
                  <td className="wide">{one.lifeTimeSeconds ? t('remote.lifeFor', { seconds: one.lifeTimeSeconds }) : t('remote.lifeEver')}</td>
                  <td className="wide">{one.servers.join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Roots({ data }: { data: Access }) {
  return (
    <section className="apart">
      <h2>{t('remote.roots')}</h2>
      {data.roots.length === 0 ? <p className="muted">{t('common.none')}</p> : (
        <ul className="plain">
          {data.roots.map((one, at) => (
            <li key={at}>
              <b>{one.subject ?? one.handle}</b> {one.here && <span className="good">✓ {t('remote.ourRoot')}</span>}
              {one.sha256 && <><br /><small className="muted">{t('remote.print')}: <code>{one.sha256}</code></small></>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
