// Read any class of the device.

import { useState, type FormEvent } from 'react'
import { get, type ApiError } from '../../api'
import { t } from '../../i18n'
import { Failure } from '../../parts'
import { Value } from './answers'

const SUGGESTED = [
  'AMT_GeneralSettings', 'AMT_SetupAndConfigurationService', 'AMT_RedirectionService', 'AMT_BootCapabilities',
  'AMT_BootSettingData', 'AMT_EthernetPortSettings', 'AMT_ManagementPresenceRemoteSAP', 'AMT_RemoteAccessPolicyRule',
  'CIM_AssociatedPowerManagementService', 'CIM_BIOSElement', 'CIM_Chassis', 'CIM_ComputerSystemPackage',
  'CIM_KVMRedirectionSAP', 'CIM_PhysicalMemory', 'CIM_Processor', 'CIM_SoftwareIdentity', 'IPS_OptInService'
]

export function WsMan({ guid }: { guid: string }) {
  const [answer, setAnswer] = useState<unknown>()
  const [error, setError] = useState<ApiError>()
  const read = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget).get('class'))
    try {
      setAnswer(await get<unknown>(`/wsman/${guid}?class=${encodeURIComponent(name)}&enumerate=true`))
      setError(undefined)
    } catch (reason) {
      setError(reason as ApiError)
    }
  }
  return (
    <>
      <p className="muted">{t('wsman.about')}</p>
      <form className="inline" onSubmit={(event) => void read(event)}>
        <label>{t('wsman.class')}<input name="class" list="classes" required /></label>
        <datalist id="classes">{SUGGESTED.map((name) => <option key={name} value={name} />)}</datalist>
        <button className="primary">{t('wsman.read')}</button>
      </form>
      {error && <Failure error={error} />}
      {answer !== undefined && <Value value={answer} />}
    </>
  )
}
