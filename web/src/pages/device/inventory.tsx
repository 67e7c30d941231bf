// The parts of a device, as its firmware knows them.

import { locale, size, t } from '../../i18n'
import { Empty, Facts } from '../../parts'
import { Answer, known, Raw, type Fields } from './answers'

interface HardwareClass {
  response?: Fields
  responses?: unknown
}

type Hardware = Record<string, HardwareClass>

/** Kinds of memory by their number in the BIOS's tables. */
const MEMORY: Record<number, string> = { 18: 'DDR', 19: 'DDR2', 20: 'DDR', 21: 'DDR2', 24: 'DDR3', 26: 'DDR4', 27: 'LPDDR', 28: 'LPDDR2', 29: 'LPDDR3', 30: 'LPDDR4', 34: 'DDR5', 35: 'LPDDR5' }
/** Drives tell their size in kilobytes. */
const DRIVE_UNIT = 1000

/** All instances of a class, in whichever of its shapes the answer comes. */
function all(data: Hardware, name: string): Fields[] {
  const { response, responses } = data[name] ?? {}
  if (response && Object.keys(response).length) return [response]
  return [responses].flat(3).filter((one): one is Fields => typeof one === 'object' && one !== null)
    .map((one) => (one['Body'] as Fields | undefined) ?? one)
}

const text = (fields: Fields | undefined, name: string) => {
  const value = fields?.[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
}

function released(bios: Fields | undefined): string {
  const at = new Date(text(bios?.['ReleaseDate'] as Fields | undefined, 'DateTime'))
  return Number.isNaN(at.getTime()) ? '' : at.toLocaleDateString(locale(), { timeZone: 'UTC' })
}

const megahertz = (value: unknown) => (Number(value) ? `${Number(value).toLocaleString(locale())} MHz` : '')
/** Memory and its makers count in powers of two. */
const memory = (bytes: unknown) => (Number(bytes) ? `${(Number(bytes) / 2 ** 30).toLocaleString(locale(), { maximumFractionDigits: 1 })} GiB` : '')

export function Inventory({ guid }: { guid: string }) {
  return <Answer<Hardware> path={`/amt/hardwareInfo/${guid}`}>{(data) => <Parts data={data} />}</Answer>
}

function Parts({ data }: { data: Hardware }) {
  const [chassis] = all(data, 'CIM_Chassis')
  const [card] = all(data, 'CIM_Card')
  const [bios] = all(data, 'CIM_BIOSElement')
  const [chip] = all(data, 'CIM_Chip')
  const [processor] = all(data, 'CIM_Processor')
  const banks = all(data, 'CIM_PhysicalMemory')
  const drives = all(data, 'CIM_MediaAccessDevice')
  if (![chassis, card, bios, chip, processor, ...banks, ...drives].some(Boolean)) return <Empty title={t('hardware.none')} />
  const maker = (fields: Fields | undefined) => [
    ...known(t('hardware.maker'), text(fields, 'Manufacturer')), ...known(t('hardware.model'), text(fields, 'Model')),
    ...known(t('hardware.serial'), text(fields, 'SerialNumber')), ...known(t('hardware.version'), text(fields, 'Version'))
  ]
  return (
    <>
      <div className="columns">
        {chassis && <section><h2>{t('hardware.system')}</h2><Facts rows={maker(chassis)} /></section>}
        {card && <section><h2>{t('hardware.board')}</h2><Facts rows={maker(card)} /></section>}
        {bios && (
          <section>
            <h2>{t('hardware.bios')}</h2>
            <Facts rows={[...maker(bios), ...known(t('hardware.released'), released(bios))]} />
          </section>
        )}
        {(chip ?? processor) && (
          <section>
            <h2>{t('hardware.processor')}</h2>
            <Facts
              rows={[
                ...known(t('hardware.model'), text(chip, 'Version')), ...known(t('hardware.maker'), text(chip, 'Manufacturer')),
                ...known(t('hardware.speed'), megahertz(processor?.['MaxClockSpeed']))
              ]}
            />
          </section>
        )}
        {drives.length > 0 && (
          <section>
            <h2>{t('hardware.drives')}</h2>
            <Facts rows={drives.map((one, at) => [t('hardware.drive', { n: at + 1 }), Number(one['MaxMediaSize']) ? size(Number(one['MaxMediaSize']) * DRIVE_UNIT) : '–'])} />
          </section>
        )}
      </div>
      {banks.length > 0 && <Memory banks={banks} />}
      <Raw value={Object.fromEntries(Object.keys(data).map((name) => [name, all(data, name)]))} />
    </>
  )
}

function Memory({ banks }: { banks: Fields[] }) {
  const sum = banks.reduce((total, one) => total + (Number(one['Capacity']) || 0), 0)
  return (
    <section className="apart">
      <h2>{t('hardware.memory')}: {memory(sum)}</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('hardware.memory')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('hardware.slot')}</th><th scope="col" className="number">{t('hardware.size')}</th><th scope="col">{t('hardware.kind')}</th>
              <th scope="col" className="number">{t('hardware.clock')}</th><th scope="col" className="wide">{t('hardware.part')}</th><th scope="col" className="wide">{t('hardware.serial')}</th>
            </tr>
          </thead>
          <tbody>
            {banks.map((one, at) => (
              <tr key={at}>
                <td>{text(one, 'BankLabel')}</td><td className="number">{memory(one['Capacity'])}</td><td>{MEMORY[Number(one['MemoryType'])] ?? '–'}</td>
                <td className="number">{megahertz(one['ConfiguredMemoryClockSpeed'])}</td><td className="wide">{text(one, 'PartNumber')}</td><td className="wide">{text(one, 'SerialNumber')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
