// Pictures for the documentation, and of every page for a person's eye.

import { join } from 'node:path'
import { pictureOf, signIn, until, withPage } from './browser.mjs'

const LIST = [['overview', ''], ['devices', 'devices']]

/** `device-eventlog` of a device's page; the fleet's own page has no path. */
function named(path) {
  const [first, , tab] = path.split('/')
  return tab === undefined ? first || 'overview' : `device-${tab || 'summary'}`
}

export async function screenshots(task) {
  await withPage(task, async (page) => {
    await signIn(page, task)
    const shoot = (name) => page.screenshot({ path: join(task.out, `${name}.png`), clip: { x: 0, y: 0, width: 1280, height: 720 } })
    const settled = () => page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('main .loading'))
    await page.goto(`${task.dashboard}devices/${task.device}/screen`)
    await page.getByRole('button', { name: 'Show the screen' }).click()
    await until('a picture', async () => (await pictureOf(page)).drawn > 1000)
    await page.locator('canvas').evaluate((canvas) => canvas.focus({ preventScroll: true }))
    await page.keyboard.type('a dead pc, back in five minutes')
    await page.getByText(/pictures\/s/).waitFor()
    await page.evaluate(() => scrollTo(0, 0))
    await shoot('screen')
    for (const path of task.all) {
      for (const [width, height] of [[1280, 800], [360, 740]]) {
        for (const theme of ['light', 'dark']) {
          await page.setViewportSize({ width, height })
          await page.goto(task.dashboard + path)
          await settled()
          await page.evaluate((name) => { document.documentElement.dataset.theme = name }, theme)
          await page.screenshot({ path: join(task.out, `${named(path)}-${width}-${theme}.png`) })
        }
      }
    }
    // Last, because the curves want some minutes to show.
    await page.setViewportSize({ width: 1280, height: 800 })
    for (const [name, path] of LIST) {
      await page.goto(task.dashboard + path)
      await settled()
      await shoot(name)
    }
  })
}
