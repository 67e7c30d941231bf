// How a device is in its network.

import { t } from '../../i18n'
import { Facts } from '../../parts'
import { Answer, known, Raw, type Fields } from './answers'

interface Port extends Fields {
  linkIsUp?: boolean
  dhcpEnabled?: boolean
  ipSyncEnabled?: boolean
  ipAddress?: string
  subnetMask?: string
  defaultGateway?: string
  primaryDNS?: string
  secondaryDNS?: string
  macAddress?: string
  vlanTag?: number
  ieee8021x?: { enabled?: string }
  wifiNetworks?: { ssid?: string; SSID?: string; elementName?: string }[]
}

const yes = (on: boolean) => t(on ? 'common.yes' : 'common.no')

export function Network({ guid }: { guid: string }) {
  return (
    <Answer<{ wired?: Port | null; wireless?: Port | null }> path={`/amt/networkSettings/${guid}`}>
      {(data) => (
        <>
          <div className="columns">
            {data.wired && <section><h2>{t('network.wired')}</h2><Settings port={data.wired} /></section>}
            <section>
              <h2>{t('network.wireless')}</h2>
              {data.wireless ? <Settings port={data.wireless} /> : <p className="muted">{t('network.noWireless')}</p>}
            </section>
          </div>
          <Raw value={data} />
        </>
      )}
    </Answer>
  )
}

function Settings({ port }: { port: Port }) {
  const names = port.wifiNetworks?.map((one) => one.ssid ?? one.SSID ?? one.elementName).filter(Boolean).join(', ')
  const servers = [port.primaryDNS, port.secondaryDNS].filter(Boolean).join(', ')
  const security = port.ieee8021x?.enabled
  return (
    <Facts
      rows={[
        [t('network.link'), <span key="l" className={port.linkIsUp ? 'good' : 'muted'}>{port.linkIsUp ? `● ${t('network.up')}` : `○ ${t('network.down')}`}</span>],
        ...known(t('network.address'), port.ipAddress), ...known(t('network.mask'), port.subnetMask),
        ...known(t('network.gateway'), port.defaultGateway), ...known(t('network.dns'), servers),
        ...known(t('network.mac'), port.macAddress?.toLowerCase().replaceAll('-', ':')),
        [t('network.from'), t(port.dhcpEnabled ? 'network.dhcp' : 'network.fixed')],
        ...known(t('network.shared'), port.ipSyncEnabled === undefined ? '' : yes(port.ipSyncEnabled)),
        ...known(t('network.vlan'), port.vlanTag ? String(port.vlanTag) : ''),
        ...known(t('network.802'), security === undefined ? '' : yes(!/^disabled$/i.test(security))),
        ...known(t('network.profiles'), names)
      ]}
    />
  )
}
