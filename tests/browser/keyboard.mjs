// Without a mouse: Tab reaches whatever can be used, what has the focus shows it, and Escape leads out of what is open.

import { check, open, signIn, until, withPage } from './browser.mjs'
import { places, settled } from './pages.mjs'

/** In the page: numbers all that Tab should reach, and stands at the beginning. */
function numbered() {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }))
  all.forEach((one, at) => { one.dataset.stop = String(at) })
  document.querySelector('.skip').focus()
  return all.length
}

/** In the page: what has the focus, and whether one sees that. */
function focused() {
  const one = document.activeElement
  if (!one || one === document.body) return null
  const { outlineStyle, outlineWidth } = getComputedStyle(one)
  const { top, bottom, left, right } = one.getBoundingClientRect()
  return {
    stop: one.dataset.stop,
    outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    inSight: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth
  }
}

const named = (page, stop) =>
  page.locator(`[data-stop="${stop}"]`).evaluate((one) => `${one.tagName} ${one.getAttribute('aria-label') ?? one.textContent ?? ''}`.slice(0, 60))

async function walked(page, path) {
  const wanted = await page.evaluate(numbered)
  const seen = new Map()
  // Parts of a date are stops of their own.
  for (let step = 0; step < wanted * 2 + 20; step++) {
    const here = await page.evaluate(focused)
    if (here?.stop !== undefined) {
      if (here.stop === '0' && seen.size > 1) break
      const before = seen.get(here.stop)
      seen.set(here.stop, { outlined: here.outlined || before?.outlined, inSight: here.inSight || before?.inSight })
    }
    await page.keyboard.press('Tab')
  }
  const problems = []
  const there = await page.locator('[data-stop]').evaluateAll((all) => all.map((one) => one.dataset.stop))
  for (const stop of there) {
    const found = seen.get(stop)
    const lack = !found ? 'is not reached' : !found.outlined ? 'does not show the focus' : !found.inSight ? 'is out of sight' : ''
    if (lack) problems.push(`${path}: ${await named(page, stop)} ${lack}`)
  }
  return problems
}

const inDialog = (page) => page.evaluate(() => document.activeElement?.closest('dialog') !== null)

/** A question keeps the focus, Escape closes it, and the focus is where it was. */
async function dialog(page, task) {
  await open(page, task, `devices/${task.device}`)
  const reset = page.getByRole('button', { name: 'Reset', exact: true })
  await reset.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  for (let step = 0; step < 12; step++) {
    const outside = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest('dialog'))
    check(!outside, `after ${step} times Tab the focus is in the question, or in the browser's own bars`)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  check(await reset.evaluate((one) => one === document.activeElement), 'the focus is back')
  check(!(await inDialog(page)), 'and nowhere else')
}

async function menu(page, task) {
  await open(page, task, 'devices')
  const columns = page.locator('summary').filter({ hasText: 'Columns' })
  await columns.focus()
  await page.keyboard.press('Enter')
  await page.locator('details.menu[open]').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Escape')
  await page.locator('details.menu[open]').waitFor({ state: 'detached' })
  check(await columns.evaluate((one) => one === document.activeElement), 'the focus is back at the menu')
  await page.getByRole('columnheader', { name: 'State' }).getByRole('button').focus()
  await page.keyboard.press('Space')
  await until('sorted by the keyboard', () => new URL(page.url()).searchParams.get('sort') === 'state')
}

/** Screen and terminal take all keys, Tab too; one combination gives them back. */
async function grabbed(page, task, tab, start, keys) {
  await open(page, task, `devices/${task.device}/${tab}`)
  await page.getByRole('button', { name: start }).focus()
  await page.keyboard.press('Enter')
  await page.getByText('live', { exact: true }).waitFor()
  await page.locator(keys).focus()
  await page.keyboard.press('Tab')
  const has = () => page.locator(keys).evaluate((one) => one === document.activeElement)
  check(await has(), `${tab}: Tab is for the PC`)
  await page.keyboard.press('Control+Alt+Shift+A')
  await until(`${tab}: the keyboard is back`, async () => !(await has()))
  await page.getByText('The keyboard is yours again').first().waitFor()
}

export async function keyboard(task) {
  await withPage(task, async (page, complaints) => {
    await signIn(page, task)
    const problems = []
    for (const part of ['navigation', 'devices']) {
      for (const path of await places(page, { ...task, part })) {
        await open(page, task, path)
        await settled(page)
        problems.push(...(await walked(page, path)))
        console.log(JSON.stringify({ walked: path }))
      }
    }
    check(problems.length === 0, `\n${problems.join('\n')}`)
    await dialog(page, task)
    await menu(page, task)
    await grabbed(page, task, 'screen', 'Show the screen', 'canvas')
    await grabbed(page, task, 'terminal', 'Open the terminal', '.xterm textarea')
    check(complaints.length === 0, complaints.join('\n'))
  })
}
