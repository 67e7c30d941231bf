// Pictures for the documentation, and of every page for a person's eye.

import { join } from 'node:path'
import { pictureOf, signIn, until, withPage } from './browser.mjs'

const LIST = [['overview', ''], ['devices', 'devices']]

/** `device-eventlog` of a device's page; the fleet's own page has no path. */
function named(path) {
  const [first, , tab] = path.split('/')
  return tab === undefined ? first.replace('?', '-').replace('=', '-') || 'overview' : `device-${tab || 'summary'}`
}

/** Each width, theme and language, though not each with each: they seldom go wrong together. */
const LOOKS = [[1280, 'light', 'en'], [1280, 'dark', 'de'], [360, 'dark', 'en'], [360, 'contrast', 'de']]

/** The page's width, colours and words from its next load on. */
async function dress(page, [width, theme, language]) {
  await page.setViewportSize({ width, height: width < 800 ? 740 : 800 })
  await page.evaluate(([colours, words]) => {
    localStorage.setItem('viaduct.theme', colours)
    localStorage.setItem('viaduct.language', words)
  }, [theme, language])
}

const settled = (page) => page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('main .loading'))

/** What pages show when something is asked or wrong. */
const STATES = [
  ['menu', '', (page) => page.locator('.nav-menu').click(), true],
  ['dialog-power', 'devices/DEVICE', (page) => page.locator('.powerbar button').nth(2).click()],
  ['dialog-edit', 'devices/DEVICE', (page) => page.locator('header.heading > .actions > button').first().click()],
  ['dialog-user', 'people', (page) => page.locator('main button.primary').first().click()],
  ['bulk', 'devices', (page) => page.locator('thead input[type=checkbox]').check()],
  ['filter-none', 'devices?q=nobody-is-called-so', () => {}],
  ['away', 'devices/AWAY', () => {}],
  ['away-screen', 'devices/AWAY/screen', () => {}],
  ['refusing', 'devices/REFUSING', () => {}],
  ['terminal-live', 'devices/DEVICE/terminal', async (page) => {
    await page.locator('.overlay button.primary').click()
    await page.getByText(/serial console/).first().waitFor().catch(() => {})
  }],
  ['no-device', 'devices/00000000-0000-4000-8000-000000000000', (page) => page.getByRole('alert').waitFor()],
  ['no-page', 'nowhere', () => {}]
]

async function states(page, task) {
  const send = (method, path, data) =>
    page.request.fetch(`${task.dashboard}api/v1${path}`, { method, data, headers: { authorization: `Bearer ${task.token}` } })
  await send('POST', `/devices/${task.away}/block`)
  await send('PATCH', `/devices/${task.refusing}`, { amtUser: 'admin', amtPassword: 'Not-the-right-1' })
  await send('GET', `/amt/power/state/${task.refusing}`)
  for (const look of [[1280, 'light', 'de'], [360, 'dark', 'en']]) {
    await dress(page, look)
    for (const [name, path, act, narrow] of STATES) {
      if (narrow && look[0] > 800) continue
      await page.goto(task.dashboard + path.replace('DEVICE', task.device).replace('AWAY', task.away).replace('REFUSING', task.refusing))
      await page.waitForFunction(() => document.querySelector('main > *') && !document.querySelector('main .loading'))
      await act(page)
      await page.screenshot({ path: join(task.out, `state-${name}-${look.join('-')}.png`) })
    }
  }
}

export async function screenshots(task) {
  await withPage(task, async (page) => {
    await signIn(page, task)
    const shoot = (name) => page.screenshot({ path: join(task.out, `${name}.png`), clip: { x: 0, y: 0, width: 1280, height: 720 } })
    await page.goto(`${task.dashboard}devices/${task.device}/screen`)
    await page.getByRole('button', { name: 'Show the screen' }).click()
    await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
    await page.locator('canvas').evaluate((canvas) => canvas.focus({ preventScroll: true }))
    await page.keyboard.type('a dead pc, back in five minutes')
    await page.getByText(/pictures received/).waitFor()
    await page.evaluate(() => scrollTo(0, 0))
    // A PC that starts changes its resolution, and is black until it has drawn anew.
    await until('a whole picture', async () => (await pictureOf(page)).drawn > 100_000)
    await shoot('screen')
    for (const look of LOOKS) {
      await dress(page, look)
      for (const path of task.all) {
        await page.goto(task.dashboard + path)
        await settled(page)
        await page.screenshot({ path: join(task.out, `${named(path)}-${look.join('-')}.png`), fullPage: true })
      }
    }
    await states(page, task)
    await dress(page, [1280, 'light', 'en'])
    // Last, because the curves want some minutes to show.
    for (const [name, path] of LIST) {
      await page.goto(task.dashboard + path)
      await settled(page)
      await shoot(name)
    }
  })
}
