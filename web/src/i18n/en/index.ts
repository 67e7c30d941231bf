// All words of the dashboard, in English; one file for each area. `{x}` is filled in.

import { add } from './add'
import { answers } from './answers'
import { audit } from './audit'
import { availability } from './availability'
import { boot } from './boot'
import { change } from './change'
import { common } from './common'
import { deeds } from './deeds'
import { device } from './device'
import { devices } from './devices'
import { events } from './events'
import { features } from './features'
import { frame } from './frame'
import { health } from './health'
import { imports } from './imports'
import { inspector } from './inspector'
import { login } from './login'
import { media } from './media'
import { overview } from './overview'
import { people } from './people'
import { permissions } from './permissions'
import { power } from './power'
import { redirections } from './redirections'
import { screen } from './screen'
import { settings } from './settings'
import { terminal } from './terminal'
import { unclaimed } from './unclaimed'
import { wsman } from './wsman'

export const en = {
  ...frame,
  ...common,
  ...login,
  ...overview,
  ...devices,
  ...device,
  ...answers,
  ...change,
  ...deeds,
  ...events,
  ...features,
  ...availability,
  ...power,
  ...boot,
  ...screen,
  ...terminal,
  ...unclaimed,
  ...redirections,
  ...audit,
  ...people,
  ...permissions,
  ...settings,
  ...add,
  ...imports,
  ...health,
  ...media,
  ...inspector,
  ...wsman
}

export type Key = keyof typeof en
